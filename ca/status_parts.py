"""What the `status` zone answers with: the responder and the time-stamping unit, made anew when a certificate is renewed.

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
from ca.ocsp.responder import OcspAnswer, Record, Responder
from ca.tsa.token import Failure, refused
from ca.tsa.unit import TimeStampingUnit
from core.clock import Clock
from core.entropy import Entropy
from core.errors import DomainError
from hsm.ports import SigningKey

OCSP_CERTIFICATE: Final = "ocsp.crt"  # PEM, in the folder of the zone
TSU_CERTIFICATE: Final = "tsu.crt"  # PEM

T = TypeVar("T")
KeyOf = Callable[[x509.Certificate], SigningKey]  # the key that a certificate is about: a renewed one has another
log = logging.getLogger(__name__)


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
        issuer: x509.Certificate,
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

        def responder(certificate: x509.Certificate) -> Responder:
            delegated = DelegatedKey(ocsp_key(certificate), certificate, issuer, ExtendedKeyUsageOID.OCSP_SIGNING)
            return Responder(issuer, delegated, record, clock)

        def unit(certificate: x509.Certificate) -> TimeStampingUnit:
            delegated = DelegatedKey(tsu_key(certificate), certificate, issuer, ExtendedKeyUsageOID.TIME_STAMPING)
            return TimeStampingUnit(delegated, policy, clock, entropy, qualified=qualified)

        self.responder: Final = Renewed(folder / OCSP_CERTIFICATE, responder)
        self.unit: Final = Renewed(folder / TSU_CERTIFICATE, unit)

    def answer(self, der: bytes) -> OcspAnswer | Refusal:
        """Return the answer to an OCSP request, DER."""
        try:
            responder = self.responder.current()
        except DomainError as error:
            _log("no responder", error)
            return Refusal.TRY_LATER
        return responder.answer(der)

    def respond(self, der: bytes) -> bytes:
        """Return the TimeStampResp, DER, to a time-stamp request."""
        try:
            unit = self.unit.current()
        except DomainError as error:
            _log("no time-stamping unit", error)
            return refused(Failure.SYSTEM_FAILURE)
        return unit.respond(der)


def _log(event: str, error: DomainError) -> None:
    log.warning(event, extra={"error": type(error).__name__, "detail": error.detail})
