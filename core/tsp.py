"""The messages of the time-stamp protocol, as the authority writes them and its clients read them.

Source: RFC 3161 §2.4; EN 319 422 §5.
"""

from __future__ import annotations

from typing import Annotated

from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier


@asn1.sequence
class AlgorithmIdentifier:
    """The identifier of a hash; parameters are NULL or absent."""

    algorithm: ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class MessageImprint:
    """What is to be stamped: RFC 3161 §2.4.1."""

    hash_algorithm: AlgorithmIdentifier
    hashed_message: bytes


@asn1.sequence
class Extension:
    """An extension of a request or of a TSTInfo (RFC 5280 §4.1)."""

    oid: ObjectIdentifier
    critical: Annotated[bool, asn1.Default(False)]  # noqa: FBT003  # DEFAULT FALSE
    value: bytes


@asn1.sequence
class TimeStampReq:
    """A request."""

    version: int
    imprint: MessageImprint
    policy: ObjectIdentifier | None
    nonce: int | None
    cert_req: bool | None  # DEFAULT FALSE: some clients write it nevertheless
    extensions: Annotated[list[Extension] | None, asn1.Implicit(0)]


@asn1.sequence
class Accuracy:
    """How far the time may be off."""

    seconds: int | None
    millis: Annotated[int | None, asn1.Implicit(0)]
    micros: Annotated[int | None, asn1.Implicit(1)]


@asn1.sequence
class TstInfo:
    """What a token says: RFC 3161 §2.4.2."""

    version: int
    policy: ObjectIdentifier
    imprint: MessageImprint
    serial: int
    gen_time: asn1.GeneralizedTime
    accuracy: Accuracy | None
    ordering: bool | None  # DEFAULT FALSE: some authorities write it nevertheless
    nonce: int | None
    tsa: Annotated[list[asn1.TLV] | None, asn1.Implicit(0)]  # [0] EXPLICIT GeneralName: whatever it is, it is not used
    extensions: Annotated[list[Extension] | None, asn1.Implicit(1)]


@asn1.sequence
class StatusInfo:
    """Whether there is a token, and why not."""

    status: int
    text: list[str] | None
    failure: asn1.BitString | None


@asn1.sequence
class Granted:
    """An answer with a token."""

    status: StatusInfo
    token: asn1.TLV


@asn1.sequence
class Refusal:
    """An answer that says why there is no token."""

    status: StatusInfo
