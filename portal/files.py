"""Uploaded and signed files, under random names of our own: a citizen's file name never becomes a path (attack Z13)."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from portal.entropy import Entropy, new_id
from portal.errors import PortalError

_CHUNK: Final = 1 << 20


class FileTooLarge(PortalError):
    """A stream went over its limit; nothing of it was kept. `size` is at least this many bytes."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file in the store."""

    name: str
    size: int
    sha256: bytes


class FileStore:
    """A folder of files, readable by the portal only."""

    def __init__(self, directory: Path, entropy: Entropy) -> None:
        self._directory = directory
        self._entropy = entropy
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep(self, stream: BinaryIO, limit: int) -> KeptFile:
        """Store a stream, durable before this returns.

        Raises:
            FileTooLarge: more than `limit` bytes.
        """
        name = new_id(self._entropy, "file")
        partial = self._directory / f"{name}.part"
        try:
            kept = _written(stream, partial, name, limit)
            partial.rename(self._directory / name)
        finally:
            partial.unlink(missing_ok=True)
        _sync(self._directory)
        return kept

    def read(self, name: str) -> bytes:
        """Return a file's bytes."""
        return self.path(name).read_bytes()

    def digest(self, name: str, algorithm: str) -> bytes:
        """Return a file's digest, without holding the file in memory."""
        with self.path(name).open("rb") as file:
            return hashlib.file_digest(file, algorithm).digest()

    def path(self, name: str) -> Path:
        """Return where a file is."""
        return self._directory / Path(name).name

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self.path(name).unlink()


def _written(stream: BinaryIO, path: Path, name: str, limit: int) -> KeptFile:
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for chunk in _chunks(stream):
            size += len(chunk)
            if size > limit:
                raise FileTooLarge
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return KeptFile(name, size, digest.digest())


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
