"""Files that everybody may read: the authority writes them, the `status` zone serves them.

A file is replaced as a whole or not at all: a full disk or a crash leaves the old one in its place.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from core.addresses import issuing_name

ROOT_CERTIFICATE: Final = "root.crt"  # DER
ROOT_CERTIFICATE_PEM: Final = "root.pem"
ROOT_CRL: Final = "root.crl"  # DER
TRUSTED_LIST: Final = "trusted-list.xml"
PRACTICE_STATEMENT: Final = "cps.pdf"
DISCLOSURE_STATEMENTS: Final = {"en": "pds-en.pdf", "ro": "pds-ro.pdf"}

Identity = tuple[int, int, int, int]  # of a file: what changes when another is put in its place


def issuing_certificate(generation: int) -> str:
    """Return the file of a generation's certificate, DER."""
    return f"{issuing_name(generation)}.crt"


def issuing_certificate_pem(generation: int) -> str:
    """Return the file of a generation's certificate, PEM."""
    return f"{issuing_name(generation)}.pem"


def issuing_crl(generation: int) -> str:
    """Return the file of a generation's revocation list, DER."""
    return f"{issuing_name(generation)}.crl"


def identity(found: os.stat_result) -> Identity:
    """Return the identity of a file."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def publish(directory: Path, name: str, data: bytes) -> None:
    """Put a file in its place, durably, before this returns.

    Raises:
        OSError: it could not be written; the old one is still there.
    """
    new = directory / f".{name}.new"
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), 0o644)  # whatever the umask says: it is meant to be read
            os.fsync(file.fileno())
        new.replace(directory / name)
    finally:
        new.unlink(missing_ok=True)
    _sync(directory)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
