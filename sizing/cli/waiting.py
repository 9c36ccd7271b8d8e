"""A sign of life for whoever sits before a terminal, when something takes over a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

PATIENCE_S = 1.0
_CLEAR_LINE = "\r\x1b[K"


@contextmanager
def waiting(what: str) -> Generator[None]:
    """Say on stderr what is being done if it takes long, and wipe it away after.

    Nothing is printed where stderr is no terminal: logs stay as they are.
    """
    if not sys.stderr.isatty():
        yield
        return
    said = threading.Event()
    timer = threading.Timer(PATIENCE_S, _say, [f"{what} ...", said])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if said.is_set():
            _say("", said)


def _say(text: str, said: threading.Event) -> None:
    said.set()
    print(f"{_CLEAR_LINE}{text}", end="", file=sys.stderr, flush=True)
