"""The check that stands before every use of a signatory's key.

`verify_activation()` is the only maker of a `VerifiedActivation`, and only that lets `signer.sam.activation` use a key.
Everything that allows a signature is compared here, in one function, on sealed records read in the transaction that
reserves the digests:

- the SAD (already authenticated) is in time, and its transaction is the authorised one with exactly that content;
- credential and client are those of the SAD, in the request and in the records;
- the credential is active and its certificate valid now, not only when the code was typed (attack T13);
- hash, signature algorithm and the type of each digest are those bound (T12, W8);
- every digest asked is one that was authorised.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.authorization_details import HashType, RequestedDigest
from signer.sam.errors import (
    AlgorithmNotAuthorised,
    CredentialMismatch,
    DigestNotAuthorised,
    SadExpired,
    SadInvalid,
    TransactionClosed,
)
from signer.sam.policy import check_usable
from signer.sam.records import CredentialRecord
from signer.sam.sad import SadClaims
from signer.sam.transactions import Transaction

_SEAL: Final = object()  # named in this module only; tests/architecture checks that


@dataclass(frozen=True, slots=True)
class AskedDigest:
    """One authorised digest that a signing request refers to."""

    type: HashType
    value: bytes


@dataclass(frozen=True, slots=True)
class SigningOrder:
    """What a signing request asks for."""

    client: str
    credential: str
    hash: HashAlgorithm
    algorithm: SignatureAlgorithm
    asked: tuple[AskedDigest, ...]


class VerifiedActivation:
    """Positions of a transaction that may be signed now. Only `verify_activation()` makes one."""

    __slots__ = ("positions", "record", "transaction")

    def __init__(
        self, transaction: Transaction, record: CredentialRecord, positions: tuple[int, ...], seal: object
    ) -> None:
        if seal is not _SEAL:
            raise TypeError("built outside verify_activation()")
        self.transaction: Final = transaction
        self.record: Final = record
        self.positions: Final = positions  # one for each digest asked, in the order asked


def verify_activation(
    claims: SadClaims, order: SigningOrder, transaction: Transaction, record: CredentialRecord, now: datetime
) -> VerifiedActivation:
    """Return what may be signed, after every check above.

    Raises:
        SadExpired, SadInvalid, TransactionClosed, CredentialMismatch, CredentialNotUsable, AlgorithmNotAuthorised,
        DigestNotAuthorised: the check that failed.
    """
    bound = transaction.bound
    if now >= claims.expires_at:
        raise SadExpired(claims.expires_at.isoformat())
    if not hmac.compare_digest(claims.binding_digest, transaction.binding_digest):
        raise SadInvalid("another content")
    if not (order.client == claims.client == bound.client):
        raise CredentialMismatch("client")
    if not (order.credential == claims.credential == bound.credential == record.credential):
        raise CredentialMismatch("credential")
    if not (claims.signatory == bound.signatory == record.signatory):
        raise CredentialMismatch("signatory")
    if transaction.state != "authorised":
        raise TransactionClosed(transaction.state)
    check_usable(record, now)
    if (order.hash, order.algorithm) != (bound.hash, bound.algorithm):
        raise AlgorithmNotAuthorised(f"{order.hash.name}, {order.algorithm.name}")
    return VerifiedActivation(transaction, record, _positions(order.asked, bound.digests), _SEAL)


def _positions(asked: tuple[AskedDigest, ...], authorised: tuple[RequestedDigest, ...]) -> tuple[int, ...]:
    """Return the authorised position of each digest asked.

    A digest authorised several times is signed as often as one request names it; named more often, the last
    signature is given again. So asking twice in a row never uses the key twice.
    """
    places: dict[AskedDigest, list[int]] = {}
    for position, digest in enumerate(authorised):
        places.setdefault(AskedDigest(digest.type, digest.value), []).append(position)
    return tuple(_next_place(places, each) for each in asked)


def _next_place(places: dict[AskedDigest, list[int]], asked: AskedDigest) -> int:
    if asked not in places:
        raise DigestNotAuthorised(asked.type)
    left = places[asked]
    return left.pop(0) if len(left) > 1 else left[0]
