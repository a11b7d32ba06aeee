"""The authority and its `status` zone in this process, over the wire they have: what a relying party may ask.

Keys are in memory, the record and the published files are real, and `transport` is the zone's own application.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca.protocol import IssueCertificate, IssuedCertificate, ServiceKind
from ca.replica import Replica
from ca.status_parts import TSU_CERTIFICATE, StatusParts, ocsp_certificate
from ca.status_probe import StatusProbe
from ca.status_web import create_app
from ca.trusted_clock import TrustedClock
from core import addresses
from core.algorithms import KeyType
from core.time_stamp import TimeStampTrust
from signer.augmentation import Augmentation
from signer.outside import Outside
from signer.revocation import Revocation, StatusSource
from signer.sam.protocol import MadeKey
from signer.tsa_client import TsaClient
from storage.engine import Database
from tests.support.ca_bench import CaBench
from tests.support.clocks import FakeClock
from tests.support.software_hsm import SoftwareSigningKey
from tests.support.status_bench import FakeTimeService

ZONE = "http://status.example.com"


class TrustServices:
    """An authority, its responder and its time-stamping unit. The test moves time with `advance`."""

    def __init__(self, state: Path, *, clock: FakeClock | None = None, sam_key=None) -> None:
        """`sam_key` is the key of the SAM whose word about signatories' keys the authority takes."""
        self.ca = CaBench(state, clock=clock, sam_key=sam_key)
        self.clock, self.settings = self.ca.clock, self.ca.settings
        self.running = 1000.0  # seconds since the machine was started
        self.folder = self.settings.zone_dir("status")
        self.folder.mkdir()
        self.renew()
        self.start()

    def renew(self) -> None:
        """Give responder and unit new keys and certificates."""
        self.ocsp_key, self.tsu_key = SoftwareSigningKey(KeyType.EC_P256), SoftwareSigningKey(KeyType.EC_P256)
        self._certify(ocsp_certificate(1), "ocsp", self.ocsp_key)
        self.unit = self._certify(TSU_CERTIFICATE, "tsu", self.tsu_key)

    def renew_responder(self) -> None:
        """Give the responder alone a new key and certificate, which lives for a month."""
        self.ocsp_key = SoftwareSigningKey(KeyType.EC_P256)
        self._certify(ocsp_certificate(1), "ocsp", self.ocsp_key)
        self.start()

    def _certify(self, name: str, kind: ServiceKind, key: SoftwareSigningKey) -> x509.Certificate:
        certificate = self.ca.certify(kind, f"TEST {kind} {self.clock.now():%Y-%m}", key)
        (self.folder / name).write_bytes(certificate.public_bytes(Encoding.PEM))
        return certificate

    def start(self) -> None:
        """Start the zone, again if it runs."""
        database = Database(self.folder / "db.sqlite")
        replica = Replica(database, self.ca.status_caller, self.clock, lambda: self.running)
        self.parts = StatusParts(
            self.folder,
            self.settings.published(),
            (lambda _certificate: self.ocsp_key, lambda _certificate: self.tsu_key),
            replica,
            TrustedClock(self.clock, lambda: self.running, FakeTimeService(), database),
            self.ca.entropy,
            policy=self.settings.status.tsa_policy_oid,
            qualified=False,
        )
        probe = StatusProbe(self.parts, self.ca.entropy)
        app = create_app(self.settings.published(), self.parts, probe, self.clock)
        self.transport = httpx.WSGITransport(app=app)

    def advance(self, **span: float) -> None:
        """Let time pass: for the clock, and for the machine."""
        self.clock.advance(**span)
        self.running += timedelta(**span).total_seconds()

    def issue(self, made: MadeKey, _now: datetime, _life: timedelta) -> bytes:
        """Return a signatory's certificate, as `SmallCa` does."""
        order = IssueCertificate(made.attestation, made.request)
        return self.ca.caller.call(order, IssuedCertificate).certificate

    def augmentation(self) -> Augmentation:
        """Return what raises signatures to their levels, by these services."""
        outside = Outside(self.transport)
        tsa = TsaClient(outside, ZONE + addresses.TIME_STAMP, self.trust, self.clock, self.ca.entropy)
        sources = (
            StatusSource(self.issuing, ocsp_url=ZONE + addresses.OCSP),
            StatusSource(self.root, crl_url=ZONE + addresses.ROOT_CRL),
        )
        return Augmentation(tsa, Revocation(outside, lambda: sources, self.clock), self.root)

    @property
    def certificate(self) -> x509.Certificate:
        """What `SmallCa` calls so: who issues to signatories."""
        return self.issuing

    @property
    def certificate_der(self) -> bytes:
        return self.ca.made.issuing

    @property
    def issuing(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.ca.made.issuing)

    @property
    def root(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.ca.made.root)

    @property
    def trust(self) -> TimeStampTrust:
        return TimeStampTrust((self.root,), frozenset({self.settings.status.tsa_policy_oid}))
