"""A SAM on the workbench: real database, the ports of an HSM, a phone that remembers; two citizens, two portals."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Self

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate, load_der_x509_csr
from joserfc import jws
from joserfc.jwk import ECKey

from channel.protocol import Message
from core import base64url
from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm
from core.approvals import ApprovalLimits
from core.statements import IncrementVerdict
from core.time_stamp import TimeStampTrust
from otp.delivery.ports import NotDelivered, Sms
from signer.sam.increments import increment_digest
from signer.sam.issuers import Issuers
from signer.sam.policy import Policy
from signer.sam.protocol import (
    Activate,
    Approve,
    Authorised,
    MakeKey,
    OpenTransaction,
    PreparedDocument,
    RegisterPortal,
    ShowCredential,
    SignDocument,
    SignHashes,
    SubmitCode,
    TransactionView,
)
from signer.sam.server import Sam, SamKeys, SamSettings
from storage.engine import Database
from storage.fresh_seals import FreshSeals
from storage.marks import Marks
from storage.seals import Seals
from tests.support.clocks import FakeClock, FakeEntropy
from tests.support.small_pki import SmallCa
from tests.support.software_hsm import SoftwareMacKey, SoftwareSigningKey, SoftwareVault

AUDIENCE = "https://service.example.com"
SHA256 = HashAlgorithm.SHA256.oid
ECDSA = SignatureAlgorithm.ECDSA_SHA256.value
PORTALS = ("portal-a", "portal-b")
POLICY = {
    "audience": AUDIENCE,
    "multisign": 100,
    "sad_life": timedelta(minutes=5),
    "approvals": ApprovalLimits(activation=timedelta(days=7), proofing=timedelta(days=365)),
}
_CODE = re.compile(r"#(\d{8})$")


@dataclass
class Phone:
    """Takes messages and finds the code in the newest one. Messages without a code are kept apart.

    `queues`: messages that it does not take come through later.
    """

    messages: list[Sms] = field(default_factory=list)
    notices: list[Sms] = field(default_factory=list)
    fails: bool = False
    queues: bool = False

    def send(self, sms: Sms) -> None:
        if self.queues or not self.fails:
            (self.messages if _CODE.search(sms.text) else self.notices).append(sms)
        if self.fails:
            raise NotDelivered("gateway down", may_arrive=self.queues)

    def check(self) -> None:
        if self.fails:
            raise NotDelivered("gateway down")

    @property
    def code(self) -> str:
        found = _CODE.search(self.messages[-1].text)
        assert found
        return found[1]


def software_keys() -> SamKeys:
    """Return keys in memory, one for each purpose."""
    labels = ("seal", "otp", "sad", "fingerprint", "evidence")
    return SamKeys(
        vault=SoftwareVault(),
        attestation=SoftwareSigningKey(KeyType.EC_P256),
        checkpoint=SoftwareSigningKey(KeyType.EC_P256),
        **{label: SoftwareMacKey(label) for label in labels},
    )


class Workbench:
    """A SAM with portals A and B; Ana is enrolled at A, Bogdan at B."""

    def __init__(self, folder: Path, keys: SamKeys | None = None, clock=None, ca=None) -> None:
        self.folder = folder
        self.clock = clock or FakeClock()
        self.entropy = FakeEntropy()
        self.keys = keys or software_keys()
        self.phone = Phone()
        self.verdict_key = Ed25519PrivateKey.generate()
        self.ca = ca or SmallCa(self.clock.now() - timedelta(days=1))
        self.request_keys = {client: ECKey.generate_key("P-256") for client in PORTALS}
        self.sam = self.start()
        self.credentials: dict[str, str] = {}
        self._proofs: set[bytes] = set()
        for client in PORTALS:
            jwk = json.dumps(self.request_keys[client].as_dict(private=False))
            self.admin(RegisterPortal(client, f"Primăria {client}", f"Primaria {client}", jwk))
        self.enrol("Ana", "Pop-Ștefănescu", "PNORO-2900101400016", "+40722000111", "portal-a", "ana")
        self.enrol("Bogdan", "Țăranu", "PNORO-1900101400014", "+40722000222", "portal-b", "bogdan")

    def pinned_issuers(self) -> Issuers:
        """Pin the bench's authority as the SAM's zone has it pinned."""
        certificate = load_der_x509_certificate(self.ca.certificate_der)
        new = self.folder / f".{os.getpid()}.new"  # other processes of a test pin the same file
        new.write_bytes(certificate.public_bytes(Encoding.PEM))
        new.replace(self.folder / "issuing.pem")
        return Issuers(self.folder)

    @classmethod
    def beside(cls, folder: Path, keys: SamKeys, issuing: bytes, *, clock, entropy) -> Self:
        """Return a bench of another process, on the database of one that stands already."""
        bench = cls.__new__(cls)
        bench.folder, bench.keys, bench.clock, bench.entropy, bench.phone = folder, keys, clock, entropy, Phone()
        bench.verdict_key = Ed25519PrivateKey.generate()
        bench.ca = SimpleNamespace(certificate_der=issuing, certificate=load_der_x509_certificate(issuing))
        bench.sam = bench.start()
        return bench

    def start(self, **policy) -> Sam:
        """Return a SAM process on this database: call it again for a second one, or after a crash."""
        settings = SamSettings(
            policy=Policy(**(POLICY | policy)),
            sms_sender="Paraph",
            sms_host="semnare.example.com",
            help_phone="021 000 00 00",
            language="ro",
            honest_error_rate=0.05,
            verdict_key=self.verdict_key.public_key(),
            issuers=self.pinned_issuers(),
            time_stamps=TimeStampTrust((self.ca.certificate,), frozenset({"1.3.6.1.4.1.99999.1.2.1"})),
            checkpoints=self.folder / "checkpoints.jsonl",
        )
        self.database = Database(self.folder / "sam.sqlite")
        return Sam(
            self.database,
            self.keys,
            self.phone,
            settings,
            marks=self.marks(),
            clock=self.clock,
            entropy=self.entropy,
        )

    def marks(self) -> Marks:
        """Return the store of marks, opened once more."""
        return Marks(self.folder / "marks.sqlite")

    def seals(self) -> FreshSeals:
        """Return the seals of the SAM's records, for who has its key."""
        return FreshSeals(Seals(self.keys.seal.mac), self.marks())

    def send_through(self, sender) -> None:
        """Have messages go another way than to the phone that remembers."""
        self.phone = sender
        self.sam = self.start()

    def enrol(self, given_name, surname, serial, phone, client, account, key_type="ec-p256", **more) -> str:
        asked = Approve(given_name, surname, serial, phone, f"{account}@example.com", client, account, **more)
        return self.activate(self.admin(asked).approval, key_type)

    def activate(self, approval: str, key_type="ec-p256", life=timedelta(days=90)) -> str:
        """Make the credential that an approval allows."""
        made = self.admin(MakeKey(approval, key_type))
        request = load_der_x509_csr(made.request)
        self._proofs.add(hashlib.new(request.signature_hash_algorithm.name, request.tbs_certrequest_bytes).digest())
        self.admin(Activate(made.credential, self.ca.issue(made, self.clock.now(), life)))
        self.credentials[self.admin(ShowCredential(made.credential)).account] = made.credential
        return made.credential

    def ask(self, request: Message):
        """Say something at the socket that `web` may open."""
        return self.sam.server(frozenset())._handlers[type(request)](request)

    def admin(self, request: Message):
        """Say something at the operator's socket."""
        return self.sam.admin_server(frozenset())._handlers[type(request)](request)

    def request_object(
        self, client="portal-a", account="ana", digests=(), *, kind="dtbsr", signer=None, **changes
    ) -> str:
        """Return the portal's signed request."""
        now = int(self.clock.now().timestamp())
        documents = [
            {"hash": base64url.encode(d), "hashType": kind, "label": f"{i}.pdf"} for i, d in enumerate(digests)
        ]
        token = {"sub": account, "azp": client, "iat": now, "jti": base64url.encode(self.entropy.token_bytes(8))}
        claims = {
            "iss": client,
            "client_id": client,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 300,
            "jti": base64url.encode(self.entropy.token_bytes(16)),
            "authorization_details": [
                {
                    "type": "credential",
                    "credentialID": self.credentials.get(account, "c-none"),
                    "numSignatures": len(documents),
                    "hashAlgorithmOID": SHA256,
                    "documentDigests": documents,
                }
            ],
            "account_token": f"e30.{base64url.encode(json.dumps(token).encode())}.x",
            **changes,
        }
        header = {"alg": "ES256", "typ": "oauth-authz-req+jwt"}
        payload = json.dumps(claims).encode()
        return jws.serialize_compact(header, payload, signer or self.request_keys[client], algorithms=["ES256"])

    def open(self, *digests: bytes, client="portal-a", account="ana", kind="dtbsr") -> TransactionView:
        token = self.request_object(client, account, digests, kind=kind)
        return self.ask(OpenTransaction(client, "ro", token))

    def authorise(self, *digests: bytes, client="portal-a", account="ana", kind="dtbsr") -> Authorised:
        opened = self.open(*digests, client=client, account=account, kind=kind)
        return self.ask(SubmitCode(opened.transaction, client, self.phone.code))

    def sign_hashes(self, sad: str, *digests: bytes, client="portal-a", account="ana", **changes) -> list[bytes]:
        order = {"hash_oid": SHA256, "algorithm": ECDSA, "credential": self.credentials[account], **changes}
        return self.ask(SignHashes(sad=sad, client=client, digests=list(digests), **order)).signatures

    def prepared(self, original: bytes, before: bytes = b"before", after: bytes = b"after", name="", at=None):
        """Return a document with preflight's verdict on an increment."""
        return PreparedDocument(original, before, after, self.verdict(original, before, after, name, at))

    def verdict(self, original: bytes, before: bytes, after: bytes, name="", at=None) -> IncrementVerdict:
        """Return preflight's verdict on an increment that claims to be of `at`, now if nothing is said."""
        digests = hashlib.sha256(original).digest(), increment_digest(before, after)
        unsigned = IncrementVerdict(*digests, name, at or self.clock.now(), b"")
        return msgspec.structs.replace(unsigned, signature=self.verdict_key.sign(unsigned.to_be_signed()))

    def sign_document(self, sad: str, document: PreparedDocument, client="portal-a", account="ana"):
        return self.ask(SignDocument(sad, client, self.credentials[account], SHA256, ECDSA, document))

    @property
    def uses(self) -> list[bytes]:
        """Every digest that met a signatory's key, but for each key's proof that it is held."""
        return [used for used in self.keys.vault.uses if used not in self._proofs]


def digest(text: str) -> bytes:
    """Return SHA-256 of a text."""
    return hashlib.sha256(text.encode()).digest()
