#!/usr/bin/env python3
"""Draws what the programs print as SVG pictures of a terminal, for the README.

    cargo build -p statedict-examples -p statedict-cli --example failing_load --bin statedict
    docs/pictures/make.py            # writes the pictures again
    docs/pictures/make.py --check    # fails if one is not what the program prints now

`report.png` is another matter: docs/report.md says how it was made.
"""

import html
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"

MODEL = "tests/fixtures/quickstart.v1.pt"
# Each picture: its file, the line that is shown as typed, and the program that prints the rest.
PICTURES = [
    (
        "failing_load.svg",
        f"cargo run --example failing_load {MODEL}",
        [TARGET / "examples" / "failing_load", MODEL],
    ),
    ("tree.svg", f"statedict tree {MODEL}", [TARGET / "statedict", "tree", MODEL]),
]

COLUMNS = 110
# Of a character of the font, in pixels.
WIDTH, HEIGHT, MARGIN = 8.4, 19, 14
COLOURS = {
    "1": "#ffffff",
    "2": "#8b949e",
    "31": "#ff7b72",
    "32": "#7ee787",
    "33": "#e3b341",
    "34": "#79c0ff",
    "35": "#d2a8ff",
    "36": "#76e3ea",
}
# The first words of a report's lines, which is plain text.
WORDS = re.compile(r"^  (hint|missing|unexpected|shape|dtype) ")
WORD_COLOURS = {"hint": "32", "missing": "31", "unexpected": "31", "shape": "33", "dtype": "33"}


def printed(command):
    environment = os.environ | {"CLICOLOR_FORCE": "1", "COLUMNS": str(COLUMNS)}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return run.stdout.rstrip("\n").split("\n")


def spans(line):
    """Pairs of a colour and the text that has it."""
    word = WORDS.match(line)
    if word:
        end = word.end(1)
        return [(COLOURS[WORD_COLOURS[word[1]]], line[:end]), (None, line[end:])]
    colour, parts = None, []
    for index, part in enumerate(re.split("\x1b\\[([0-9;]*)m", line)):
        if index % 2 == 0:
            parts.append((colour, part))
        else:
            codes = [code for code in part.split(";") if code in COLOURS]
            colour = COLOURS[codes[-1]] if codes else None
    return [(colour, text) for colour, text in parts if text]


def wrapped(parts):
    """The lines that a terminal of COLUMNS columns shows of these spans."""
    lines, room = [[]], COLUMNS
    for colour, text in parts:
        while len(text) > room:
            lines[-1].append((colour, text[:room]))
            text, room = text[room:], COLUMNS
            lines.append([])
        lines[-1].append((colour, text))
        room -= len(text)
    return lines


def draw(typed, output):
    lines = [[("#7ee787", "$ "), ("#ffffff", typed)]]
    for line in output:
        lines += wrapped(spans(line))
    width = round(COLUMNS * WIDTH + 2 * MARGIN)
    height = len(lines) * HEIGHT + 2 * MARGIN
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
        '<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace"'
        ' font-size="14" fill="#c9d1d9">',
    ]
    for number, parts in enumerate(lines):
        column = 0
        for colour, text in parts:
            # The width is set, so that a font of another width keeps the columns.
            x, length = MARGIN + column * WIDTH, len(text) * WIDTH
            column += len(text)
            if text.strip():
                fill = f' fill="{colour}"' if colour else ""
                svg.append(
                    f'<text x="{x:.1f}" y="{MARGIN + number * HEIGHT + 14}" textLength="{length:.1f}"{fill}>'
                    # Spaces that no viewer takes for one.
                    f"{html.escape(text).replace(' ', chr(0xA0))}</text>"
                )
    return "\n".join(svg + ["</g>", "</svg>", ""])


def main():
    stale = []
    for name, typed, command in PICTURES:
        picture = draw(typed, printed(command))
        path = HERE / name
        if "--check" not in sys.argv:
            path.write_text(picture, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != picture:
            stale.append(name)
    if stale:
        sys.exit(f"not what the program prints now: {', '.join(stale)}; run docs/pictures/make.py")


main()
