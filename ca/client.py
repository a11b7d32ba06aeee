"""What other zones and commands hold of the authority: its calls as methods, over whatever carries them.

Every method may raise `Unavailable` and the errors of `ca.protocol`; those listed are the ones to expect.
"""

from __future__ import annotations

from typing import Protocol

from ca import protocol
from channel.protocol import Done, Health, M, Message
from core.statements import KeyAttestation


class Caller(Protocol):
    """Carries a request to a zone and its answer back: `channel.client.Channel`, or a test's way round the socket."""

    def call(self, request: Message, reply: type[M]) -> M:
        """Send `request` and return the answer.

        Raises:
            DomainError: the zone refused; the error it named.
            Unavailable: the zone does not answer, or not in time.
        """
        ...


class CaClient:
    """The calls of the socket `ca`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def issue(self, attestation: KeyAttestation) -> protocol.IssuedCertificate:
        """Have a signatory's certificate issued for an attested key.

        Raises:
            AttestationInvalid, KeyAlreadyCertified, NotLinted, ClockInDoubt: none was issued.
        """
        return self._caller.call(protocol.IssueCertificate(attestation), protocol.IssuedCertificate)

    def list(self, limit: int = 100, after_serial: str = "") -> list[protocol.CertificateSummary]:
        """Return the issuance record, newest first, beginning behind `after_serial`.

        Raises:
            CertificateUnknown: `after_serial` is no serial number.
        """
        return self._caller.call(protocol.ListCertificates(limit, after_serial), protocol.Certificates).certificates

    def show(self, serial: str) -> protocol.IssuedCertificate:
        """Return one certificate and its issuer.

        Raises:
            CertificateUnknown: there is none with this serial number (hex).
        """
        return self._caller.call(protocol.ShowCertificate(serial), protocol.IssuedCertificate)

    def publish_crl(self) -> protocol.CrlPublished:
        """Have a new CRL issued and published now.

        Raises:
            ClockInDoubt: the zone's clock is behind the last one.
        """
        return self._caller.call(protocol.PublishCrl(), protocol.CrlPublished)

    def check(self) -> None:
        """Have the authority prove that it can issue.

        Raises:
            Unavailable: it cannot.
        """
        self._caller.call(Health(), Done)
