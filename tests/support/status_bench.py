"""The `status` zone on the workbench: an authority with keys in memory, a feed of the record that the test writes."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ca.protocol import CA_STATUS, CertificateState, ChangedStates, StatusChanges
from ca.publication import issuing_certificate_pem
from ca.replica import Replica
from ca.status_parts import TSU_CERTIFICATE, StatusParts, ocsp_certificate
from ca.status_probe import StatusProbe
from ca.time_service import TimeServiceState
from ca.trusted_clock import TrustedClock
from channel.protocol import Done, Health
from channel.server import Server
from core.addresses import FIRST
from core.algorithms import KeyType
from hsm.errors import HsmUnavailable
from storage.engine import Database
from tests.support.clocks import FakeClock, FakeEntropy
from tests.support.in_process import US, InProcess
from tests.support.software_hsm import SoftwareSigningKey

POLICY = "1.3.6.1.4.1.99999.1.2.1"


class FakeTimeService:
    """A time service that says what the test wants; none, unless told."""

    def __init__(self) -> None:
        self.said = TimeServiceState(synchronised=False, largest_error=timedelta(seconds=16))

    def state(self) -> TimeServiceState:
        return self.said


class BreakableKey(SoftwareSigningKey):
    """A key whose token can be gone, or lie."""

    gone = False
    faulty = False

    def sign(self, dtbsr, algorithm):
        if self.gone:
            raise HsmUnavailable("no token")
        if self.faulty:
            dtbsr = type(dtbsr)(dtbsr.algorithm, bytes(len(dtbsr.value)))
        return super().sign(dtbsr, algorithm)


class Feed:
    """The record of an authority: a list of changes behind the real server of the socket `ca-status`."""

    def __init__(self, issuer: str) -> None:
        self.states: list[CertificateState] = []
        self._issuer = issuer
        server = Server(CA_STATUS, {StatusChanges: self._changes, Health: lambda _request: Done()}, US)
        self.caller = InProcess(CA_STATUS, server)

    def good(self, serial: int) -> None:
        self._add(serial, None, "")

    def revoked(self, serial: int, at: datetime, reason: str = "keyCompromise") -> None:
        self._add(serial, at, reason)

    def _add(self, serial: int, at: datetime | None, reason: str) -> None:
        number, ends = len(self.states) + 1, datetime.fromisoformat("2027-02-22T08:42:59+00:00")
        self.states.append(CertificateState(number, self._issuer, f"{serial:040x}", ends, at, reason))

    def _changes(self, request: StatusChanges) -> ChangedStates:
        return ChangedStates([each for each in self.states if each.change > request.after][: request.limit])


class StatusBench:
    """Responder, unit, replica and clock of one process. The test moves `clock` and `ticks`."""

    def __init__(
        self, folder: Path, *, clock: FakeClock | None = None, keys=None, name: str = "TEST CA of the status bench"
    ) -> None:
        self.folder = folder
        self.name = name
        folder.mkdir(parents=True, exist_ok=True)
        self.clock = clock or FakeClock()
        self.running = 1000.0  # seconds since the machine was started
        self.time_service = FakeTimeService()
        self.entropy = FakeEntropy()
        self.qualified = False
        self.authority_key = SoftwareSigningKey(KeyType.EC_P384)
        self.authority = self.certify_authority()
        made: tuple[Any, Any] = (BreakableKey(KeyType.EC_P256), BreakableKey(KeyType.EC_P256))
        self.ocsp_key, self.tsu_key = keys or made
        self.published = folder / "public"
        self.published.mkdir(exist_ok=True)
        pem = self.authority.public_bytes(Encoding.PEM)
        (self.published / issuing_certificate_pem(FIRST)).write_bytes(pem)
        self.write(ocsp_certificate(FIRST), self.certify(self.ocsp_key, ExtendedKeyUsageOID.OCSP_SIGNING))
        self.write(TSU_CERTIFICATE, self.certify(self.tsu_key, ExtendedKeyUsageOID.TIME_STAMPING))
        self.feed = Feed(hashlib.sha256(self.authority_key.public_key_der).hexdigest())
        self.database = Database(folder / "db.sqlite")
        self.start()

    def start(self) -> None:
        """Start the process, again if it runs: what it held in memory is gone."""
        self.replica = Replica(self.database, self.feed.caller, self.clock, lambda: self.running)
        self.trusted = TrustedClock(self.clock, lambda: self.running, self.time_service, self.database)
        self.parts = StatusParts(
            self.folder,
            self.published,
            (lambda _certificate: self.ocsp_key, lambda _certificate: self.tsu_key),
            self.replica,
            self.trusted,
            self.entropy,
            policy=POLICY,
            qualified=self.qualified,
        )
        self.probe = StatusProbe(self.parts, self.entropy)

    def advance(self, **span: float) -> None:
        """Let time pass: for the clock, and for the machine."""
        self.clock.advance(**span)
        self.running += timedelta(**span).total_seconds()

    def write(self, name: str, certificate: x509.Certificate) -> None:
        new = self.folder / f"{name}.new"
        new.write_bytes(certificate.public_bytes(Encoding.PEM))
        new.replace(self.folder / name)

    def certify_authority(self) -> x509.Certificate:
        key, now = self.authority_key.private_key, self.clock.now()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        builder = (
            x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return builder.sign(key, hashes.SHA384())

    def certify(self, key, purpose, *, days: float = 30, begins: datetime | None = None, more=()) -> x509.Certificate:
        """Return a certificate of this authority for a key with one purpose."""
        begins = begins or self.clock.now()
        public_key = load_der_public_key(key.public_key_der)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TEST part")])
        serial = int.from_bytes(self.entropy.token_bytes(16), "big")
        ends = begins + timedelta(days=days)
        builder = x509.CertificateBuilder(self.authority.subject, subject, public_key, serial, begins, ends)
        critical = purpose == ExtendedKeyUsageOID.TIME_STAMPING
        for extension, is_critical in [
            (x509.ExtendedKeyUsage([purpose]), critical),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.public_key()), False),
            (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
            *more,
        ]:
            builder = builder.add_extension(extension, critical=is_critical)
        return builder.sign(self.authority_key.private_key, hashes.SHA384())

    def certify_purposes(self, key, purposes) -> x509.Certificate:
        """Return a certificate with other purposes than one."""
        now, public_key = self.clock.now(), load_der_public_key(key.public_key_der)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TEST part")])
        ends = now + timedelta(days=30)
        builder = x509.CertificateBuilder(self.authority.subject, subject, public_key, 77, now, ends)
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        return builder.sign(self.authority_key.private_key, hashes.SHA384())

    def request(self, serial: int, nonce: bytes | None = b"n" * 32, algorithm=None) -> bytes:
        """Return an OCSP request about one certificate as cryptography writes it."""
        algorithm = algorithm or hashes.SHA256()
        name_hash, key_hash = self.names(algorithm)
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name_hash, key_hash, serial, algorithm)
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        return builder.build().public_bytes(Encoding.DER)

    def names(self, algorithm) -> tuple[bytes, bytes]:
        """Return the hashes that name the authority, worked out by cryptography."""
        request = ocsp.OCSPRequestBuilder().add_certificate(self.authority, self.authority, algorithm).build()
        return request.issuer_name_hash, request.issuer_key_hash

    def ask(self, serial: int, **how) -> ocsp.OCSPResponse:
        """Return the answer about one certificate; it must be one."""
        answer = self.parts.answer(self.request(serial, **how))
        response = ocsp.load_der_ocsp_response(answer.der)
        self.check_signature(response)
        return response

    def check_signature(self, response: ocsp.OCSPResponse) -> None:
        (certificate,) = response.certificates
        from cryptography.hazmat.primitives.asymmetric import ec

        hashing = response.signature_hash_algorithm
        certificate.public_key().verify(response.signature, response.tbs_response_bytes, ec.ECDSA(hashing))
        certificate.verify_directly_issued_by(self.authority)
