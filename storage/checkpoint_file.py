"""The file of a log's checkpoints: lines of JSON that are only ever added, by one process at a time.

A line is a checkpoint, or the time-stamp of one. What a crash left of a line is no line: nobody was told of it, and the
next to write takes it away.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from core.errors import Malformed, Unavailable
from storage.checkpoint import Line

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Line)


class CheckpointFile:
    """Reads and adds lines."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def alone(self) -> Iterator[BinaryIO]:
        """Open the file, which ends with a whole line then; no other process is in such a block.

        Raises:
            Unavailable: it cannot be opened.
        """
        try:
            new = not self._path.exists()
            with self._path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                _take_torn_line_away(file)
                if new:
                    _sync(self._path.parent)
                yield file
        except OSError as error:
            raise Unavailable(f"{self._path}: {error.strerror}") from error

    @contextmanager
    def reading(self) -> Iterator[tuple[BinaryIO, int]]:
        """Open the file for reading what is in it now; give how long it is. Nobody waits meanwhile.

        Raises:
            Unavailable: it cannot be opened.
        """
        with self.alone() as file:
            end = size(file)
        with self._path.open("rb") as file:
            yield file, end


def lines(file: BinaryIO, begin: int, end: int) -> Iterator[Line]:
    """Give the lines between two places in the file.

    Raises:
        Malformed: one is neither a checkpoint nor a time-stamp.
    """
    file.seek(begin)
    while file.tell() < end:
        begin = file.tell()
        try:
            yield _decoder.decode(file.readline())
        except msgspec.MsgspecError as error:
            raise Malformed(f"the checkpoints cannot be read at byte {begin}: {error}") from error


def add(file: BinaryIO, line: Line) -> None:
    """Add a line, durably."""
    file.write(_encoder.encode(line) + b"\n")
    file.flush()
    os.fsync(file.fileno())


def size(file: BinaryIO) -> int:
    """Return how long the file is, in bytes."""
    return os.fstat(file.fileno()).st_size


def _take_torn_line_away(file: BinaryIO) -> None:
    end = size(file)
    whole = end
    while whole:  # backwards to the last line's end, which is one step away unless there was a crash
        file.seek(whole - 1)
        if file.read(1) == b"\n":
            break
        whole -= 1
    if whole < end:
        file.truncate(whole)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
