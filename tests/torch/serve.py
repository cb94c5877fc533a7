"""Answers the Rust tests: JSON requests on standard input, one a line, and a reply for each.

A request is `{"id": n, "function": "module.function", "args": [...] or {...}}`; its reply is
`{"id": n, "value": ...}` or `{"id": n, "error": {"type", "message", "traceback"}}`. The first line
written says that torch is imported, or why not.
"""

import importlib
import json
import os
import queue
import sys
import threading
import traceback
from pathlib import Path

# Functions are found in this folder, and in that of the fixtures.
sys.path.append(str(Path(__file__).resolve().parent.parent / "fixtures"))


def error(exception):
    """An exception as plain data."""
    return {
        "type": type(exception).__name__,
        "message": str(exception),
        "traceback": "".join(traceback.format_exception(exception)),
    }


def answer(request):
    """Calls the function a request names."""
    module, _, name = request["function"].rpartition(".")
    args = request["args"]
    try:
        function = getattr(importlib.import_module(module), name)
        value = function(**args) if isinstance(args, dict) else function(*args)
        # Encoded here, so that a value JSON cannot hold is the call's error too.
        return json.dumps({"id": request["id"], "value": value})
    except Exception as exception:
        return json.dumps({"id": request["id"], "error": error(exception)})


def read_requests(stream, requests):
    """Queues every line, and ends the process with its input, even in the middle of a call."""
    for line in stream:
        requests.put(line)
    os._exit(0)


def main():
    """Serves until standard input ends."""
    # Replies go to a copy of standard output; whatever else prints there goes to standard error.
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # And nothing but this loop reads the requests.
    stream = os.fdopen(os.dup(0), encoding="utf-8")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)

    def reply(line):
        replies.write(line + "\n")
        replies.flush()

    try:
        import torch

        # The tests already run in parallel.
        torch.set_num_threads(1)
        reply(json.dumps({"torch": torch.__version__}))
    except Exception as exception:
        reply(json.dumps({"error": error(exception)}))
        return

    requests = queue.SimpleQueue()
    threading.Thread(target=read_requests, args=(stream, requests), daemon=True).start()
    while True:
        reply(answer(json.loads(requests.get())))


if __name__ == "__main__":
    main()
