"""A program with everything the `web` zone has, speaking to the other zones' sockets as it likes.

It registers two portals and enrols two citizens as an operator would (that is the test's set-up, over the operator's
socket), and from then on uses only what `web` may open.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from ca.protocol import CA, IssueCertificate, IssuedCertificate
from channel.client import Channel
from channel.protocol import Done, Message, raise_failure
from core import base64url
from core.algorithms import HashAlgorithm, SignatureAlgorithm
from core.canonical import decode
from core.config import Settings
from core.entropy import SystemEntropy, new_id, new_token
from core.errors import DomainError
from preflight.protocol import PREFLIGHT, Judged, JudgeIncrement
from signer.sam.protocol import (
    ADMIN,
    SAM,
    Activate,
    Approve,
    Approved,
    Authorised,
    MadeKey,
    MakeKey,
    OpenTransaction,
    PreparedDocument,
    RegisterPortal,
    SetState,
    Signatures,
    SignDocument,
    SignHashes,
    SubmitCode,
    TransactionView,
)

SHA256 = HashAlgorithm.SHA256.oid
ECDSA = SignatureAlgorithm.ECDSA_SHA256.value
_CODE = re.compile(r"#(\d{8})$")
_REPLIES = {call.request: call.reply for call in SAM.by_name.values()}


class FakeWeb:
    """Speaks the protocols of `sam`, `ca` and `preflight` freely."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sam = Channel(SAM, settings.socket("sam"))
        self.ca = Channel(CA, settings.socket("ca"))
        self.preflight = Channel(PREFLIGHT, settings.socket("preflight"))
        self._admin = Channel(ADMIN, settings.socket("sam-admin"))
        self.entropy = SystemEntropy()
        self.request_keys: dict[str, ECKey] = {}
        self.credentials: dict[str, str] = {}
        self.phones: dict[str, str] = {}
        self.clients = [self.add_portal("A"), self.add_portal("B")]
        self.add_citizen("ana", "Ana", "Pop-Ștefănescu", self.clients[0])
        self.add_citizen("bogdan", "Bogdan", "Țăranu", self.clients[1])

    # -- the operator's part ------------------------------------------------------------------------------------------

    def add_portal(self, name: str) -> str:
        client = new_id(self.entropy, "client")
        self.request_keys[client] = ECKey.generate_key("P-256")
        jwk = json.dumps(self.request_keys[client].as_dict(private=False))
        self._admin.call(RegisterPortal(client, f"Primăria {name}", f"Primaria {name}", jwk), Done)
        return client

    def add_citizen(self, account: str, given_name: str, surname: str, client: str) -> str:
        number = int.from_bytes(self.entropy.token_bytes(4), "big")
        serial, phone = f"PNORO-29{number:011}"[:19], f"+407{number % 10**8:08}"
        made = self._make_key(given_name, surname, serial, phone, client, account)
        issued = self.ca.call(IssueCertificate(made.attestation, made.request), IssuedCertificate)
        self._admin.call(Activate(made.credential, issued.certificate), Done)
        self.credentials[account], self.phones[account] = made.credential, phone
        return made.credential

    def make_key(self, given_name: str, surname: str, client: str) -> MadeKey:
        """Return a pending credential with the SAM's word for it, without asking the CA."""
        number = int.from_bytes(self.entropy.token_bytes(4), "big")
        serial, phone = f"PNORO-28{number:011}"[:19], f"+406{number % 10**8:08}"
        return self._make_key(given_name, surname, serial, phone, client, new_id(self.entropy, "account"))

    def _make_key(self, given_name: str, surname: str, serial: str, phone: str, client: str, account: str) -> MadeKey:
        asked = Approve(given_name, surname, serial, phone, f"{account}@example.com", client, account)
        return self._admin.call(MakeKey(self._admin.call(asked, Approved).approval, "ec-p256"), MadeKey)

    def set_state(self, account: str, state: str) -> None:
        self._admin.call(SetState(self.credentials[account], state), Done)

    # -- the portal's part --------------------------------------------------------------------------------------------

    def claims(self, client: str, account: str, digests: list[bytes], kind: str) -> dict:
        now = int(datetime.now(UTC).timestamp())
        token = {"sub": account, "azp": client, "iat": now, "jti": new_token(self.entropy)}
        details = {
            "type": "https://cloudsignatureconsortium.org/2025/credential",
            "credentialID": self.credentials[account],
            "numSignatures": len(digests),
            "hashAlgorithmOID": SHA256,
            "documentDigests": [
                {"hash": base64url.encode(each), "hashType": kind, "label": f"{number}.pdf"}
                for number, each in enumerate(digests)
            ],
        }
        return {
            "iss": client,
            "client_id": client,
            "aud": self.settings.service.public_origin,
            "iat": now,
            "exp": now + 300,
            "jti": new_token(self.entropy),
            "authorization_details": [details],
            "account_token": f"e30.{base64url.encode(json.dumps(token).encode())}.x",
        }

    def signed(self, client: str, claims: dict, key: ECKey | None = None) -> str:
        header = {"alg": "ES256", "typ": "oauth-authz-req+jwt"}
        payload = json.dumps(claims).encode()
        return jws.serialize_compact(header, payload, key or self.request_keys[client], algorithms=["ES256"])

    # -- what `web` says ----------------------------------------------------------------------------------------------

    def ask(self, request: Message) -> Message:
        return self.sam.call(request, _REPLIES[type(request)])

    def say(self, name: str, fields: dict[str, Any]) -> bytes:
        """Say something to the SAM in words of one's own; return what it answers.

        Raises:
            DomainError: the refusal it answers with.
        """
        head, _, body = self.raw(frame(name, msgspec.msgpack.encode(fields))).partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise_failure(SAM, body)
        return body

    def connected(self) -> socket.socket:
        """Return a new connection to the SAM's socket."""
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(20)
        peer.connect(str(self.settings.socket("sam")))
        return peer

    def raw(self, data: bytes) -> bytes:
        """Send bytes to the SAM's socket, and no more after them; return all that comes back until it closes."""
        with self.connected() as peer:
            with suppress(OSError):  # it has heard enough
                peer.sendall(data)
                peer.shutdown(socket.SHUT_WR)
            answer = b""
            with suppress(ConnectionResetError):
                while chunk := peer.recv(65536):
                    answer += chunk
            return answer

    def open(self, *digests: bytes, account: str = "ana", kind: str = "dtbsr") -> TransactionView:
        client = self.home(account)
        token = self.signed(client, self.claims(client, account, list(digests), kind))
        view = self.ask(OpenTransaction(client, "ro", token))
        assert isinstance(view, TransactionView)
        return view

    def authorise(self, *digests: bytes, account: str = "ana", kind: str = "dtbsr") -> Authorised:
        view = self.open(*digests, account=account, kind=kind)
        authorised = self.ask(SubmitCode(view.transaction, self.home(account), self.code(account)))
        assert isinstance(authorised, Authorised)
        return authorised

    def sign(self, sad: str, *digests: bytes, account: str = "ana") -> list[bytes]:
        order = SignHashes(sad, self.home(account), self.credentials[account], SHA256, ECDSA, list(digests))
        answer = self.ask(order)
        assert isinstance(answer, Signatures)
        return answer.signatures

    def judged(self, original: bytes, before: bytes, room: int, after: bytes) -> PreparedDocument:
        """Return the document with preflight's verdict on its increment."""
        verdict = self.preflight.call(JudgeIncrement(original, before, room, after), Judged).verdict
        return PreparedDocument(original, before, after, verdict)

    def sign_document(self, sad: str, document: PreparedDocument, account: str = "ana") -> Message:
        return self.ask(SignDocument(sad, self.home(account), self.credentials[account], SHA256, ECDSA, document))

    def home(self, account: str) -> str:
        return self.clients[0] if account != "bogdan" else self.clients[1]

    # -- what the test observes ---------------------------------------------------------------------------------------

    def messages(self, account: str) -> list[str]:
        """Return the SMS with a code that a citizen got, oldest first: their phone, which `web` does not see."""
        found = []
        for path in self.settings.outbox().glob("*.json"):
            message = json.loads(path.read_text(encoding="utf-8"))
            if message["to"] == self.phones[account] and _CODE.search(message["text"]):
                found.append((message["at"], message["text"]))
        return [text for _, text in sorted(found)]

    def code(self, account: str) -> str:
        found = _CODE.search(self.messages(account)[-1])
        assert found
        return found[1]

    @contextmanager
    def refused(self, error: type[DomainError], reason: str | None = None) -> Iterator[None]:
        """Check that what is tried is refused by this name and for this reason, with no key used and no message sent."""
        used, issued, sent = self.signed_digests(), self.certificates(), self.sent()
        with pytest.raises(error, match=reason) as refusal:
            yield
        assert type(refusal.value) is error
        assert self.signed_digests() == used
        assert self.certificates() == issued
        assert self.sent() == sent

    def sent(self) -> int:
        """Return how many messages left for anybody."""
        return len(list(self.settings.outbox().glob("*.json")))

    def signed_digests(self, event: str = "signing intended") -> list[bytes]:
        """Return every digest that met a signatory's key, as the evidence tells; or, by `event`, whose signature came."""
        return [digest for row in self.evidence() if row["event"] == event for digest in row["digests"]]

    def evidence(self) -> list[dict[str, Any]]:
        """Return the rows of the SAM's evidence, oldest first."""
        rows = self._rows("sam", "SELECT body FROM evidence ORDER BY id")
        return [decode("paraph evidence v1", body) for (body,) in rows]

    def certificates(self) -> int:
        """Return how many certificates the authority has on record."""
        return int(self._rows("ca", "SELECT count(*) FROM certificates")[0][0])

    def _rows(self, zone: str, query: str) -> list[tuple[Any, ...]]:
        path = self.settings.zone_dir(zone) / "db.sqlite"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()


def frame(name: str, body: bytes, length: int | None = None, extra: bytes = b"", version: int = 1) -> bytes:
    """Return the bytes of one call, with another length than its body's if need be."""
    size = len(body) if length is None else length
    head = f"POST /sam/{version}/{name} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\nConnection: close\r\n"
    return head.encode() + extra + b"\r\n" + body


def sha256(data: bytes | str) -> bytes:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).digest()


def at_once(calls: list) -> list:
    """Run functions at the same moment, each in a thread; return each result or the error it raised."""
    barrier = threading.Barrier(len(calls))
    outcomes: list = [None] * len(calls)

    def run(number: int) -> None:
        barrier.wait()
        try:
            outcomes[number] = calls[number]()
        except Exception as error:  # noqa: BLE001  # the outcome is what is looked at
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
