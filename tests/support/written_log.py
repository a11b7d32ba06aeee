"""The SAM's log as it would be written, at its most talkative."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from core.logs import configure


@contextmanager
def log_written() -> Iterator[io.StringIO]:
    """Have this process log as a zone does, at level debug, and give what it writes."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure("sam", stream, logging.DEBUG)
    try:
        yield stream
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(capture=False)
