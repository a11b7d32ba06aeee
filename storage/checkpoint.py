"""What a checkpoint of a log says, and what its signature and its time-stamp are over."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, TypeAlias

import msgspec

from core.algorithms import HashAlgorithm
from core.canonical import Value, encode
from core.time_stamp import TimeStampRequest, time_stamp_request_with

FIRST: Final = bytes(32)  # stands for the checkpoint before the first


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="checkpoint"):
    """What the log was at one moment, signed."""

    number: int  # from 1, without a gap
    rows: int
    link: bytes  # of the last row
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    before: bytes  # digest of the checkpoint before
    nonce: bytes  # of the request for its time-stamp
    signature: bytes  # ECDSA P-256 with SHA-256, DER


class Stamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="time-stamp"):
    """The time-stamp of a checkpoint, which so speaks for every one before it."""

    number: int
    token: bytes  # RFC 3161, DER


Line: TypeAlias = Checkpoint | Stamp


def to_be_signed(label: str, checkpoint: Checkpoint) -> bytes:
    """Return the bytes that a checkpoint's signature is over; `label` names the log."""
    fields: dict[str, Value] = {
        "number": checkpoint.number,
        "rows": checkpoint.rows,
        "link": checkpoint.link,
        "at": checkpoint.at,
        "before": checkpoint.before,
        "nonce": checkpoint.nonce,
    }
    return encode(f"paraph {label} checkpoint v2", fields)


def digest(label: str, checkpoint: Checkpoint) -> bytes:
    """Return the SHA-256 by which the next checkpoint names this one, and a time-stamp vouches for it."""
    signed = encode(
        f"paraph {label} signed checkpoint v2",
        {"signed": to_be_signed(label, checkpoint), "signature": checkpoint.signature},
    )
    return HashAlgorithm.SHA256.new(signed).digest()


def request(label: str, checkpoint: Checkpoint) -> TimeStampRequest:
    """Return the question that the time-stamp of a checkpoint answers."""
    nonce = int.from_bytes(checkpoint.nonce)
    return time_stamp_request_with(HashAlgorithm.SHA256, digest(label, checkpoint), nonce)
