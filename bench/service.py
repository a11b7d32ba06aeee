"""A running instance with a portal and many citizens, and one authorised signature as a portal and a browser make it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from asn1crypto.algos import RSASSAPSSParams
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from api.oauth.clients import Registration
from apps.clients import add_client
from ca.protocol import CA, IssueCertificate, IssuedCertificate
from channel.client import Channel
from channel.protocol import Done
from core import base64url
from core.config import Settings
from core.entropy import SystemEntropy, new_token
from signer.sam.protocol import ADMIN, Activate, Approve, Approved, MadeKey, MakeKey

ECDSA_OID = "1.2.840.10045.4.3.2"
SHA256_OID = "2.16.840.1.101.3.4.2.1"
PSS_OID = "1.2.840.113549.1.1.10"
_SHA256: Final = {"algorithm": "sha256"}
_PSS_PARAMS: Final = base64.b64encode(
    RSASSAPSSParams(
        {
            "hash_algorithm": _SHA256,
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": _SHA256},
            "salt_length": 32,
        }
    ).dump()
).decode()
RETURN = "http://localhost:1/back"
VERIFIER = "v" * 64
CHALLENGE = base64url.encode(hashlib.sha256(VERIFIER.encode()).digest())


@dataclass(frozen=True)
class Citizen:
    """A citizen with a credential."""

    account: str
    credential: str
    phone: str


@dataclass(frozen=True)
class Portal:
    """A registered portal: everything another process needs to act as it."""

    origin: str
    outbox: str
    client: str
    secret: str
    key_pem: str

    @property
    def key(self) -> ECKey:
        return ECKey.import_key(self.key_pem)


def register_portal(settings: Settings) -> Portal:
    """Register a portal with the running zones."""
    key = ECKey.generate_key("P-256")
    jwk = json.dumps(key.as_dict(private=False))
    unlimited = {"requests_a_minute": 10**9, "signatures_a_day": 10**9}
    new = add_client(settings, Registration("Bench", (RETURN,), request_key=jwk, **unlimited), "Bench")
    pem = key.as_pem(private=True).decode()
    return Portal(settings.service.public_origin, str(settings.outbox()), new.client, new.secret, pem)


def enrol(
    settings: Settings, portal: Portal, count: int, key_type: str = "ec-p256", prefix: str = "7"
) -> list[Citizen]:
    """Enrol citizens over the operator's socket."""
    admin, authority = Channel(ADMIN, settings.socket("sam-admin")), Channel(CA, settings.socket("ca"))
    citizens = []
    for number in range(count):
        account, phone = f"{key_type}-{prefix}-{number}", f"+407{prefix}{number:07}"
        asked = Approve("Ana", "Pop", f"PNORO-2{prefix}{number:011}", phone, "a@example.com", portal.client, account)
        made = admin.call(MakeKey(admin.call(asked, Approved).approval, key_type), MadeKey)
        issued = authority.call(IssueCertificate(made.attestation, made.request), IssuedCertificate)
        admin.call(Activate(made.credential, issued.certificate), Done)
        citizens.append(Citizen(account, made.credential, phone))
    return citizens


class Flow:
    """One client's connection to the service: portal back end and browser in turns."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self._key = portal.key
        self._host = urlsplit(portal.origin).netloc
        self._connection = HTTPConnection(self._host)
        self._mac_key = OctKey.import_key(hashlib.sha256(portal.secret.encode()).digest())
        self._entropy = SystemEntropy()
        self._basic = {
            "Authorization": "Basic " + base64.b64encode(f"{portal.client}:{portal.secret}".encode()).decode()
        }

    def authorise(self, citizen: Citizen, digests: list[bytes], kind: str) -> str:
        """Push, open the page, send the code, type it, redeem: return the credential token."""
        code = self.approve(self._push(citizen, digests, kind), citizen.phone)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": RETURN, "code_verifier": VERIFIER}
        answer = self._form("/oauth2/token", {**form, "client_id": self.portal.client})
        return str(answer["access_token"])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def approve(self, address: str, phone: str) -> str:
        """Be the citizen at the authorization page: send the code, read it on the phone, type it; return OAuth's code."""
        cookies: dict[str, str] = {}
        page = self._page("GET", address, cookies)
        location = self._submit(address, page, cookies, "start")
        page = self._page("GET", location, cookies)
        done = self._submit(location, page, cookies, "authorise", code=self._code(phone))
        found = re.search(r'url=([^"]+)"', done)
        assert found, done[:2000]
        return parse_qs(urlsplit(html.unescape(found[1])).query)["code"][0]

    def sign_hash(self, token: str, citizen: Citizen, digests: list[bytes], algorithm: str = ECDSA_OID) -> list[str]:
        """Call signatures/signHash."""
        body = {
            "credentialID": citizen.credential,
            "hashes": [base64.b64encode(each).decode() for each in digests],
            "hashAlgorithmOID": SHA256_OID,
            "signAlgo": algorithm,
            **({"signAlgoParams": _PSS_PARAMS} if algorithm == PSS_OID else {}),
        }
        return self._json("/csc/v2/signatures/signHash", body, token)["signatures"]

    def sign_doc(self, token: str, citizen: Citizen, *documents: bytes, level: str = "AdES-B-B") -> list[str]:
        """Call signatures/signDoc; return the signed documents in base64."""
        elements = [
            {
                "document": base64.b64encode(document).decode(),
                "signature_format": "P",
                "conformance_level": level,
                "signAlgo": ECDSA_OID,
            }
            for document in documents
        ]
        body = {"credentialID": citizen.credential, "documents": elements}
        return self._json("/csc/v2/signatures/signDoc", body, token)["DocumentWithSignature"]

    def _push(self, citizen: Citizen, digests: list[bytes], kind: str) -> str:
        now = int(datetime.now(UTC).timestamp())
        token = {"sub": citizen.account, "iat": now, "jti": new_token(self._entropy), "azp": self.portal.client}
        details = {
            "type": "https://cloudsignatureconsortium.org/2025/credential",
            "credentialID": citizen.credential,
            "numSignatures": len(digests),
            "hashAlgorithmOID": SHA256_OID,
            "documentDigests": [
                {"hash": base64.b64encode(each).decode(), "hashType": kind, "label": f"{n}.pdf"}
                for n, each in enumerate(digests)
            ],
        }
        claims = {
            "iss": self.portal.client,
            "aud": self.portal.origin,
            "iat": now,
            "exp": now + 300,
            "jti": new_token(self._entropy),
            "client_id": self.portal.client,
            "response_type": "code",
            "redirect_uri": RETURN,
            "scope": "credential",
            "state": "s",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "authorization_details": [details],
            "account_token": self._jws({"alg": "HS256", "typ": "JWT"}, token, self._mac_key),
        }
        request = self._jws({"alg": "ES256", "typ": "oauth-authz-req+jwt"}, claims, self._key)
        pushed = self._form("/oauth2/pushed_authorize", {"client_id": self.portal.client, "request": request})
        return "/oauth2/authorize?" + urlencode({"client_id": self.portal.client, "request_uri": pushed["request_uri"]})

    def _jws(self, header: dict, claims: dict, key) -> str:
        return jws.serialize_compact(header, json.dumps(claims).encode(), key, algorithms=[header["alg"]])

    def _code(self, phone: str) -> str:
        newest = max(
            (m for m in map(_message, Path(self.portal.outbox).glob("*.json")) if m["to"] == phone),
            key=lambda m: m["at"],
        )
        found = re.search(r"#(\d{8})$", newest["text"])
        assert found
        return found[1]

    def _submit(self, address: str, page: str, cookies: dict[str, str], action: str, **typed: str) -> str:
        """Post the form that has this action; return the next address, or the page itself."""
        hidden = dict(re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
        body = urlencode({**{k: html.unescape(v) for k, v in hidden.items()}, **typed, "action": action})
        return self._page("POST", address, cookies, body)

    def _page(self, method: str, address: str, cookies: dict[str, str], body: str | None = None) -> str:
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items()), "Origin": self.portal.origin}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer, text = self._request(method, address, body, headers)
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                cookies[key] = rest.split(";")[0]
        if answer.status == 303:
            return answer.getheader("Location") or ""
        assert answer.status == 200, (answer.status, text[:1000])
        return text

    def _form(self, address: str, form: dict[str, str]) -> dict:
        headers = {"Content-Type": "application/x-www-form-urlencoded", **self._basic}
        answer, text = self._request("POST", address, urlencode(form), headers)
        assert answer.status in {200, 201}, text
        return json.loads(text)

    def _json(self, address: str, body: dict, token: str) -> dict:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        answer, text = self._request("POST", address, json.dumps(body), headers)
        assert answer.status == 200, text[:500]
        return json.loads(text)

    def _request(self, method: str, address: str, body: str | None, headers: dict[str, str]):
        path = address if address.startswith("/") else address.removeprefix(self.portal.origin)
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        except (ConnectionError, OSError):  # the server closed a kept connection
            self._connection.close()
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        return answer, answer.read().decode()


def _message(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))
