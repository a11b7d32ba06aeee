"""A certification authority on the workbench: real database and files, its keys in memory or on tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyotp
from argon2 import PasswordHasher
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ca import acts, ceremony, names, public_keys, publication
from ca.admin_protocol import ByAdmin, ByOperator, ProposalSummary, SignedInUntil
from ca.begun import Begun, begin, take_up
from ca.client import CaAdmin, CaControl, CaStatus
from ca.draft import Draft, Issuer, new_serial
from ca.dual_control import Approved
from ca.profiles import signatory
from ca.protocol import CA, CA_ADMIN, CA_STATUS, IssueCertificate, IssuedCertificate, ServiceKind
from ca.server import (
    LIST_SIGNER,
    ROOT_PEM,
    SAM_ATTESTATION_KEY,
    CaKeys,
    OpenAuthority,
    admin_server,
    inspect_authority,
    open_authority,
    server,
    status_server,
)
from core.addresses import FIRST, issuing_name
from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm
from core.config import Settings, load
from core.statements import KeyAttestation
from core.types import Dtbsr
from hsm.ports import SigningKey
from storage.engine import Database
from tests.support.clocks import FakeClock, FakeEntropy
from tests.support.in_process import US, InProcess
from tests.support.software_hsm import SoftwareMacKey, SoftwareSigningKey

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ANA = {"given_name": "Ștefăniță Ioana", "surname": "Brânză-Țuțea", "subject_serial": "PNORO-2900101400016"}
NOBODY = x509.Name([])
DAN = {"given_name": "Dan", "surname": "Dănilă", "subject_serial": "PNORO-1850505400018"}


def settings_for(state: Path, **ca: object) -> Settings:
    """Return the embedded default's settings with another state folder and a key type that is quick to make."""
    overrides: dict[str, dict[str, Any]] = {"": {"state_dir": str(state)}, "ca": {"key": "ec-p384", **ca}}
    return load(Path("config/paraph.toml"), overrides)


def attestation(sam_key: SigningKey, public_key_der: bytes, credential: str = "c-1", **more: Any) -> KeyAttestation:
    """Return the SAM's signed word for a key of Ana's, or of whom and since when is said."""
    unsigned = KeyAttestation(
        **{
            "public_key_der": public_key_der,
            "credential": credential,
            "signatory": "s-1",
            "record_version": 1,
            "proofed_at": FakeClock().now(),
            "approved_at": FakeClock().now(),
            "signature": b"",
            **ANA,
            **more,
        }
    )
    digest = HashAlgorithm.SHA256.new(unsigned.to_be_signed()).digest()
    signature = sam_key.sign(Dtbsr(HashAlgorithm.SHA256, digest), SignatureAlgorithm.ECDSA_SHA256)
    return msgspec.structs.replace(unsigned, signature=signature)


PASSWORDS = {name: f"{name}'s long password" for name in ("ana", "bogdan", "carmen", "doina", "elena", "mihai")}


def request_of(private_key: Any, hashing: Any = None, subject: x509.Name = NOBODY) -> bytes:
    """Return a PKCS#10 (DER) that a key signs for itself."""
    p384 = isinstance(private_key, ec.EllipticCurvePrivateKey) and private_key.key_size == 384
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    signed = builder.sign(private_key, hashing or (hashes.SHA384() if p384 else hashes.SHA256()))
    return signed.public_bytes(serialization.Encoding.DER)


class CaBench:
    """An authority after its ceremony. Clock and entropy are the test's; `signatures` counts uses of the issuing key."""

    def __init__(
        self,
        state: Path,
        *,
        root_key: Any = None,
        issuing_key: Any = None,
        sam_key: Any = None,
        clock: FakeClock | None = None,
        founders: tuple[str, str] = ("ana", "bogdan"),
        **ca: object,
    ) -> None:
        self.settings = settings_for(state, **ca)
        self.clock = clock or FakeClock()
        self.entropy = FakeEntropy()
        self.signatures: list[bytes] = []
        self.founders = founders
        self.totp: dict[str, str] = {}
        self.used: dict[str, datetime] = {}  # from when on an administrator has a code that was not used
        self.sessions: dict[str, SignedInUntil] = {}
        self.root_signatures: list[bytes] = []
        self.root_key = root_key or SoftwareSigningKey(KeyType.EC_P384, count=self.root_signatures)
        self.issuing_key = issuing_key or SoftwareSigningKey(KeyType.EC_P384, count=self.signatures)
        self.sam_key = sam_key or SoftwareSigningKey(KeyType.EC_P256)
        self.issuing_keys = {issuing_name(FIRST): self.issuing_key}  # of each generation, as the token has them
        self.list_key = SoftwareSigningKey(KeyType.EC_P256)
        self.checkpoint_key = SoftwareSigningKey(KeyType.EC_P256)
        self.made = ceremony.perform(self.root_key, self.issuing_key, self.settings.ca, self.clock, self.entropy)
        self._write()
        self.database = Database(self.settings.zone_dir("ca") / "db.sqlite")
        self.start()

    def _write(self) -> None:
        published, zone = self.settings.published(), self.settings.zone_dir("ca")
        published.mkdir(parents=True)
        zone.mkdir(parents=True)
        ceremony.publish_all(self.made, published)
        (zone / publication.issuing_certificate_pem(FIRST)).write_bytes(self.made.issuing_pem)
        (zone / ROOT_PEM).write_bytes(self.made.root_pem)
        pinned = serialization.load_der_public_key(self.sam_key.public_key_der).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        (zone / SAM_ATTESTATION_KEY).write_bytes(pinned)

    def start(self) -> None:
        """Start the zone, again if it runs."""
        self.opened = self.open()
        self.connect()

    def connect(self) -> None:
        """Connect to what is opened, as other zones and commands do."""
        self.authority = self.opened.authority
        self.caller = InProcess(CA, server(self.opened, US))
        self.admin_caller = InProcess(CA_ADMIN, admin_server(self.opened, US))
        self.status_caller = InProcess(CA_STATUS, status_server(self.opened, US))
        self.control = CaControl(self.admin_caller)
        self.status = CaStatus(self.status_caller)

    def open(self, issuing_key: Any = None) -> OpenAuthority:
        """Return the authority as a process of the zone has it."""
        keys = self.keys(issuing_key)
        return open_authority(self.settings, keys, self.database, self.clock, self.entropy, QUICK)

    def inspect(self) -> OpenAuthority:
        """Return the authority as who looks after a backup has it: it has issued nothing."""
        return inspect_authority(self.settings, self.keys(), self.database, self.clock, self.entropy, QUICK)

    def keys(self, issuing_key: Any = None) -> CaKeys:
        """Return the keys of the token."""
        return CaKeys(
            issuing=lambda name: issuing_key or self.issuing_keys[name],
            trusted_list=self.list_key,
            checkpoint=self.checkpoint_key,
            audit=SoftwareMacKey("audit"),
            seal=SoftwareMacKey("seal"),
            admins=SoftwareMacKey("admins"),
        )

    @property
    def admin(self) -> CaAdmin:
        """What the first administrator holds of the authority, who signs in when that is needed."""
        return CaAdmin(self.admin_caller, ByAdmin(self.session()))

    @property
    def operator(self) -> CaAdmin:
        """What somebody holds who may open the socket and has not signed in."""
        return CaAdmin(self.admin_caller, ByOperator("ana"))

    def code(self, name: str) -> str:
        """Return the present TOTP code of an administrator."""
        return pyotp.TOTP(self.totp[name]).at(self.clock.now())

    def fresh_code(self, name: str) -> str:
        """Return a code that was not used, after moving the clock where need be."""
        if self.clock.now() < self.used.get(name, self.clock.now()):
            self.clock.instant = self.used[name]
        self.used[name] = self.clock.now() + timedelta(seconds=30)
        return self.code(name)

    def found(self) -> None:
        """Make the first two administrators, unless they are there."""
        if not self.totp:
            for name in self.founders:
                self.totp[name] = self.opened.control.admins.found(name, PASSWORDS[name]).secret

    def session(self, name: str = "") -> str:
        """Return a session of an administrator, of the first unless told whose, who signs in when that is needed."""
        self.found()
        name = name or self.founders[0]
        begun = self.sessions.get(name)
        if begun is None or begun.until <= self.clock.now():
            begun = self.control.sign_in(name, PASSWORDS[name], self.fresh_code(name))
            self.sessions[name] = begun
        return begun.session

    def add(self, name: str) -> None:
        """Make one more administrator, whom the first two decide about."""
        self.decide(acts.AddAdmin(name=name))
        self.enrol(name)

    def enrol(self, name: str) -> None:
        """Have somebody who is invited enrol, with the halves that the first two were shown."""
        first, second = self.halves
        self.totp[name] = self.control.enrol(name, first, second, PASSWORDS[name]).secret
        self.sessions.pop(name, None)

    def decide(self, act: acts.AnyAct) -> ProposalSummary:
        """Have the first administrator propose an act and the second approve it; return what became of it."""
        proposed = self.control.propose(self.session(), act)
        proposal = proposed.proposal
        approved = self.control.approve(self.session(self.founders[1]), proposal.proposal, proposal.digest)
        self.halves = proposed.half, approved.half
        return approved.proposal

    def approved(self, act: acts.AnyAct) -> Approved:
        """Return an act that the first two decided, and that waits for who carries it out."""
        proposal = self.decide(act)
        with self.database.reading() as connection:
            return self.opened.control.dual.approved(connection, proposal.proposal)

    def begun(self, act: acts.AnyAct) -> Begun:
        """Return an act that was proposed, approved and begun."""
        return begin(self.database, self.opened.control.dual, self.approved(act), type(act))

    def take_up(self, begun: Begun) -> Begun:
        """Return an act that was cut short, as the next attempt has it."""
        return take_up(self.database, self.opened.control.dual, begun.proposal, type(begun.act))

    @property
    def issuer(self) -> Issuer:
        return Issuer.of(x509.load_der_x509_certificate(self.made.issuing))

    @property
    def root(self) -> Issuer:
        return Issuer.of(x509.load_der_x509_certificate(self.made.root))

    def order(self, key: SoftwareSigningKey | None = None, credential: str = "c-1", **more: Any) -> IssueCertificate:
        """Return what is asked for a new key of Ana's, or of whom and for which is said; approved just now."""
        key = key or SoftwareSigningKey(KeyType.EC_P256)
        now = {"proofed_at": self.clock.now(), "approved_at": self.clock.now()}
        word = attestation(self.sam_key, key.public_key_der, credential, **(now | more))
        return IssueCertificate(word, request_of(key.private_key))

    def issue(self, key: SoftwareSigningKey | None = None, **more: Any) -> x509.Certificate:
        """Return a certificate, issued through the zone's protocol."""
        issued = self.caller.call(self.order(key, **more), IssuedCertificate)
        return x509.load_der_x509_certificate(issued.certificate)

    def request(self, name: str = "TEST OCSP Responder 1", key: SoftwareSigningKey | None = None, **more: Any) -> bytes:
        """Return a PKCS#10 (DER) for a part of the service, with these attributes beside the common name."""
        key = key or SoftwareSigningKey(KeyType.EC_P256)
        attributes = {NameOID.COMMON_NAME: name} | more.get("attributes", {})
        subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes.items()])
        builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
        for extension in more.get("extensions", ()):
            builder = builder.add_extension(extension, critical=False)
        hashing = hashes.SHA384() if key.key_type is KeyType.EC_P384 else hashes.SHA256()
        signed = builder.sign(more.get("signer", key).private_key, more.get("hashing", hashing))
        return signed.public_bytes(serialization.Encoding.DER)

    def certify(self, kind: ServiceKind, name: str = "", key: SoftwareSigningKey | None = None) -> x509.Certificate:
        """Return the certificate of a part of the service, issued through the administrator's socket."""
        issued = self.admin.certify(kind, self.request(name or f"TEST {kind} 1", key))
        return x509.load_der_x509_certificate(issued.certificate)

    def certify_list_signer(self) -> x509.Certificate:
        """Certify the key that signs the trusted list, and put the certificate where the zone finds it."""
        certificate = self.certify("list-signer", "TEST Trusted List Signer 1", self.list_key)
        path = self.settings.zone_dir("ca") / LIST_SIGNER
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return certificate

    def trusted_list(self) -> bytes:
        """Return the trusted list as it is published."""
        return (self.settings.published() / publication.TRUSTED_LIST).read_bytes()

    def draft(self, **changes: object) -> Draft:
        """Return the draft of a certificate of Ana's that breaks no rule, but for `changes`."""
        values = {
            "profile": signatory(self.settings.ca),
            "issuer": self.issuer,
            "serial": new_serial(self.entropy),
            "subject": names.signatory_name(names.Person(**ANA)),
            "public_key": public_keys.load(SoftwareSigningKey(KeyType.EC_P256).public_key_der),
            "not_before": self.clock.now(),
        }
        return Draft(**(values | changes))  # type: ignore[arg-type]  # tests pass what they want


NINETY_DAYS_LESS_A_SECOND = timedelta(days=90, seconds=-1)
