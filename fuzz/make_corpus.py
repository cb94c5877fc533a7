#!/usr/bin/env python3
"""Writes the corpus of the target `amplify`: for each kind of operand, an input that uses it in several statements.

The other corpora are fixtures of tests/fixtures and pickles of tests/tests/library/read."""

from pathlib import Path

OPERANDS = 18
FOLDER = Path(__file__).parent / "corpus" / "amplify"

FOLDER.mkdir(parents=True, exist_ok=True)
for operand in range(OPERANDS):
    # The operand, 2^(10 + 5) bytes, kept or not, the container, three statements and how often each.
    head = bytes([operand, 5, operand % 2, operand % 3, 2])
    statements = bytes(byte for turn in range(3) for byte in (0, (operand * 13 + turn * 71) % 256, 80))
    (FOLDER / f"operand_{operand:02}").write_bytes(head + statements)
