"""A filing's documents: their order, and what became of each."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from portal.entropy import Entropy, new_id
from portal.errors import PortalError
from portal.files import KeptFile
from portal.tables import documents
from portal.verification.rules import Verified

GOOD: Final = "good"
_LONGEST_NAME: Final = 120
_HIDDEN: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class TooManyDocuments(PortalError):
    """The filing has as many documents as it may."""


class SameDocument(PortalError):
    """The filing already has this very file."""


class NoSuchDocument(PortalError):
    """No document with this id in this filing."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was read. `verdict` is None until a signed file came back."""

    id: str
    position: int
    name: str
    file: str
    size: int
    sha256: bytes
    verdict: str | None
    signed_file: str | None
    signed_size: int | None
    signatory: str | None
    signed_at: datetime | None
    level: str | None

    @property
    def signed_name(self) -> str:
        """What the signed file is called when it is downloaded."""
        return f"{self.name.removesuffix('.pdf').removesuffix('.PDF')}-semnat.pdf"


def clean_name(name: str) -> str:
    """Return a file name fit for a page and for the service: NFC, one line, nothing hidden (attacks P10, Z7, I12)."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    name = name.translate({0x15E: 0x218, 0x15F: 0x219, 0x162: 0x21A, 0x163: 0x21B})  # cedilla → comma below
    name = "".join(" " if unicodedata.category(char) in _HIDDEN else char for char in name)
    name = " ".join(name.split())
    if len(name) > _LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: _LONGEST_NAME - 6]}….{ending[:4]}" if dot else name[:_LONGEST_NAME]
    return name or "document.pdf"


def of_filing(connection: Connection, filing: str) -> list[Document]:
    """Return a filing's documents in their order."""
    query = select(documents).where(documents.c.filing == filing).order_by(documents.c.position)
    return [_record(row) for row in connection.execute(query)]


def get(connection: Connection, filing: str, document: str) -> Document:
    """Return one document of a filing.

    Raises:
        NoSuchDocument: there is none.
    """
    query = select(documents).where(documents.c.filing == filing, documents.c.id == document)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NoSuchDocument(document)
    return _record(row)


def add(connection: Connection, filing: str, name: str, kept: KeptFile, most: int, entropy: Entropy) -> None:
    """Add a document at the end.

    Raises:
        TooManyDocuments: there are `most` already.
        SameDocument: these very bytes are there already; a double press ends here too.
    """
    there = of_filing(connection, filing)
    if any(document.sha256 == kept.sha256 for document in there):
        raise SameDocument
    if len(there) >= most:
        raise TooManyDocuments
    row = {"id": new_id(entropy, "d"), "filing": filing, "position": len(there), "name": clean_name(name)}
    connection.execute(insert(documents), row | {"file": kept.name, "size": kept.size, "sha256": kept.sha256})


def remove(connection: Connection, filing: str, document: str) -> str:
    """Remove a document and return its file's name in the store.

    Raises:
        NoSuchDocument: there is none.
    """
    gone = get(connection, filing, document)
    connection.execute(delete(documents).where(documents.c.id == gone.id))
    _renumber(connection, of_filing(connection, filing))
    return gone.file


def move_up(connection: Connection, filing: str, document: str, position: int) -> None:
    """Move a document one place up, if it is still at the place the page showed; a second press moves nothing.

    Raises:
        NoSuchDocument: there is none.
    """
    here = get(connection, filing, document)
    if here.position == position and position > 0:
        order = of_filing(connection, filing)
        order[position - 1], order[position] = order[position], order[position - 1]
        _renumber(connection, order)


def keep_signed(connection: Connection, document: Document, kept: KeptFile, verified: Verified) -> None:
    """Note that a good signed file came back."""
    values = {"verdict": GOOD, "signed_file": kept.name, "signed_size": kept.size}
    values |= {"signatory": verified.signatory, "signed_at": verified.signed_at, "level": verified.level.value}
    connection.execute(update(documents).where(documents.c.id == document.id).values(values))


def keep_verdict(connection: Connection, document: Document, verdict: str) -> None:
    """Note which rule the file that came back broke; the file itself is not kept."""
    connection.execute(update(documents).where(documents.c.id == document.id).values(verdict=verdict))


def forget_verdicts(connection: Connection, filing: str) -> None:
    """Make a filing's documents unsigned again."""
    nothing = dict.fromkeys(("verdict", "signed_file", "signed_size", "signatory", "signed_at", "level"))
    connection.execute(update(documents).where(documents.c.filing == filing).values(nothing))


def _renumber(connection: Connection, order: list[Document]) -> None:
    for position, document in enumerate(order):
        connection.execute(update(documents).where(documents.c.id == document.id).values(position=position))


def _record(row: Row[Any]) -> Document:
    return Document(
        row.id,
        row.position,
        row.name,
        row.file,
        row.size,
        row.sha256,
        row.verdict,
        row.signed_file,
        row.signed_size,
        row.signatory,
        row.signed_at,
        row.level,
    )
