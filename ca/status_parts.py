"""What the `status` zone answers with: the responder and the time-stamping unit, made anew when a certificate is renewed.

The responder has a key for each generation of the issuing CA, certified by that generation.

A part that cannot be made (no certificate yet, the token gone) refuses for itself; lists and certificates are served
all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ca.delegated import DelegatedKey, DelegationUnusable
from ca.ocsp.answer import Refusal
from ca.ocsp.issuers import Delegation
from ca.ocsp.responder import OcspAnswer, Record, Responder
from ca.status_issuers import StatusIssuers
from ca.tsa.token import Failure, refused
from ca.tsa.unit import TimeStampingUnit
from core.addresses import FIRST
from core.clock import Clock
from core.entropy import Entropy
from core.errors import DomainError
from hsm.ports import SigningKey

TSU_CERTIFICATE: Final = "tsu.crt"  # PEM, in the folder of the zone

T = TypeVar("T")
KeyOf = Callable[[x509.Certificate], SigningKey]  # the key that a certificate is about: a renewed one has another
log = logging.getLogger(__name__)


def ocsp_certificate(generation: int) -> str:
    """Return the file of the responder's certificate for a generation of the issuing CA, PEM."""
    return "ocsp.crt" if generation == FIRST else f"ocsp-g{generation}.crt"


class Renewed(Generic[T]):
    """A part made from a certificate file: made when first needed, and anew whenever the file was replaced."""

    def __init__(self, path: Path, make: Callable[[x509.Certificate], T]) -> None:
        self._path = path
        self._make = make
        self._made: tuple[tuple[int, int], T] | None = None

    def current(self) -> T:
        """Return the part.

        Raises:
            DelegationUnusable: there is no certificate, or not one for this part.
            HsmUnavailable: the token does not answer.
        """
        try:
            found = self._path.stat()
            version = (found.st_mtime_ns, found.st_ino)
            if self._made is None or self._made[0] != version:
                certificate = x509.load_pem_x509_certificate(self._path.read_bytes())
                self._made = (version, self._make(certificate))
        except (OSError, ValueError) as error:
            raise DelegationUnusable(f"{self._path.name}: {error}") from error
        return self._made[1]


class StatusParts:
    """Responder and time-stamping unit of one authority."""

    def __init__(
        self,
        folder: Path,
        published: Path,
        keys: tuple[KeyOf, KeyOf],
        record: Record,
        clock: Clock,
        entropy: Entropy,
        *,
        policy: str,
        qualified: bool,
    ) -> None:
        """`keys` find the responder's and the unit's; `clock` refuses to tell a time in doubt."""
        ocsp_key, tsu_key = keys

        def delegation_of(number: int, issuer: x509.Certificate) -> Callable[[], Delegation]:
            def delegation(certificate: x509.Certificate) -> Delegation:
                purpose = ExtendedKeyUsageOID.OCSP_SIGNING
                return Delegation(DelegatedKey(ocsp_key(certificate), certificate, issuer, purpose))

            return Renewed(folder / ocsp_certificate(number), delegation).current

        def unit(certificate: x509.Certificate) -> TimeStampingUnit:
            issuer, purpose = self.issuers.of(certificate), ExtendedKeyUsageOID.TIME_STAMPING
            delegated = DelegatedKey(tsu_key(certificate), certificate, issuer, purpose)
            return TimeStampingUnit(delegated, policy, clock, entropy, qualified=qualified)

        self.issuers: Final = StatusIssuers(published, delegation_of)
        self.responder: Final = Responder(self.issuers, record, clock)
        self.unit: Final = Renewed(folder / TSU_CERTIFICATE, unit)

    def answer(self, der: bytes) -> OcspAnswer | Refusal:
        """Return the answer to an OCSP request, DER."""
        return self.responder.answer(der)

    def respond(self, der: bytes) -> bytes:
        """Return the TimeStampResp, DER, to a time-stamp request."""
        try:
            unit = self.unit.current()
        except DomainError as error:
            log.warning("no time-stamping unit", extra={"error": type(error).__name__, "detail": error.detail})
            return refused(Failure.SYSTEM_FAILURE)
        return unit.respond(der)
