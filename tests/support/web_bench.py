"""The `web` zone on the workbench: the real application and database, the real SAM behind its encoded protocol, two
portals with two citizens, and a browser that behaves like one."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jws
from joserfc.jwk import ECKey, OctKey
from werkzeug.test import Client as WerkzeugClient

from api.app import create_app
from api.deps import Deps
from api.keys import WebKeys
from api.limits import counters
from api.oauth.clients import Clients, Registration, Scope
from api.tables import metadata
from ca.client import CaClient
from core import base64url
from core.config import Settings, load
from core.errors import Unavailable
from core.secret import Secret
from core.statements import RevocationOrder
from core.time_stamp import TimeStampTrust
from preflight.client import PreflightClient
from preflight.protocol import PREFLIGHT, DocumentRefused, DocumentReport
from preflight.server import Inspection, serve
from preflight.verdict import VerdictKey
from signer.augmentation import Augmentation
from signer.outside import Outside
from signer.own_revocation import OwnRevocationService
from signer.pades.engine import PadesEngine
from signer.revocation import Revocation
from signer.sam.client import SamClient
from signer.sam.protocol import SAM, RegisterPortal
from signer.service import SigningService
from signer.tsa_client import TsaClient
from storage.engine import Database
from tests.support.clocks import FakeClock, FakeEntropy
from tests.support.in_process import US, InProcess
from tests.support.sam_bench import AUDIENCE, SHA256, Workbench, software_keys
from tests.support.trust_services import TrustServices

ECDSA_OID = "1.2.840.10045.4.3.2"
VERIFIER = "v" * 64
CHALLENGE = base64url.encode(hashlib.sha256(VERIFIER.encode()).digest())
CSC_TYPE = "https://cloudsignatureconsortium.org/2025/credential"


@dataclass
class Portal:
    """A portal as the service knows it, and its citizen."""

    client: str
    secret: str
    key: ECKey
    redirect_uri: str
    account: str
    credential: str = ""
    count: int = 0

    @property
    def basic(self) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"{self.client}:{self.secret}".encode()).decode()}


@dataclass
class Increment:
    """A stand-in for what `signer.pades` appends."""

    before: bytes
    room: int
    after: bytes


class Engine:
    """A document engine of four lines: an increment that is none, and a CMS that is simply put in its room."""

    def __init__(self) -> None:
        self.count = 0

    def prepare(self, document, wishes, *, strict):
        self.count += 1  # every preparation differs, as real ones do (attack W5)
        return Increment(b"\n%% before " + str(self.count).encode() + b"\n", 1000, b"\n%% after\n")

    def embed(self, document, before, after, cms):
        return document + before + b"<" + cms.hex().encode() + b">" + after


@dataclass
class OrderedCa:
    """A CA that takes the SAM's orders and keeps them; `down` makes it one that does not answer."""

    orders: list[RevocationOrder] = field(default_factory=list)
    down: bool = False

    def call(self, request, reply):
        if self.down:
            raise Unavailable("ca: down")
        self.orders.append(request.order)
        return reply(request.order.serial, "revoked", request.order.confirmed_at, 1)


@dataclass
class Inspector:
    """A `preflight` that refuses what begins with %BAD, and signs every verdict."""

    bench: Workbench
    calls: list[str] = field(default_factory=list)

    def check(self, document):
        self.calls.append("check")
        if document.startswith(b"%BAD"):
            raise DocumentRefused("encrypted", "test")
        return DocumentReport(1, True, 0, 0, [])

    def judge(self, original, before, room, after):
        self.calls.append("judge")
        return self.bench.verdict(original, before, after)


def nobody(anchor, clock) -> Augmentation:
    """Return what raises signatures to no level: time-stamps and statuses are asked of an address where nobody is."""
    outside = Outside(httpx.MockTransport(lambda _request: httpx.Response(503)))
    tsa = TsaClient(outside, "http://nobody.example.com", TimeStampTrust((anchor,), frozenset()), clock, FakeEntropy())
    return Augmentation(tsa, Revocation(outside, lambda: (), clock), anchor)


def settings_for(origin: str, **sections) -> Settings:
    """Return the embedded default's settings with another public origin, and more laid over them."""
    overrides = {"service": {"public_origin": origin, "sms_host": "semnare.example.com"}}
    for section, values in sections.items():
        overrides.setdefault(section, {}).update(values)
    return load(Path("config/paraph.toml"), overrides)


class WebBench:
    """The application with portals A (Ana) and B (Bogdan).

    `documents` puts the real `preflight` and engine in, `trust` an authority with responder and time-stamps.
    """

    def __init__(
        self, folder: Path, *, origin: str = AUDIENCE, clock=None, keys=None, documents=False, trust=False, **settings
    ) -> None:
        (folder / "sam").mkdir()
        keys, clock = keys or software_keys(), clock or FakeClock()
        self.trust = TrustServices(folder / "trust", clock=clock, sam_key=keys.attestation) if trust else None
        self.bench = Workbench(folder / "sam", keys=keys, clock=clock, ca=self.trust)
        self.clock, self.entropy, self.phone = self.bench.clock, self.bench.entropy, self.bench.phone
        self.people = 0
        self.origin = origin
        self.settings = settings_for(origin, **settings)
        self.database = Database(folder / "web.sqlite")
        self.database.create(metadata)
        self.counters = Database(folder / "limits.sqlite", durable=False)
        self.counters.create(counters.metadata)
        self.keys = WebKeys(Secret(bytes(range(32))))
        self.clients = Clients(self.database, self.keys, self.clock, self.entropy)
        self.channel = InProcess(SAM, self.bench.start(audience=origin).server(US))
        self.sam = SamClient(self.channel)
        self.inspector, self.engine = self._documents(real=documents)
        augmentation = self.trust.augmentation() if self.trust else nobody(self.bench.ca.certificate, self.clock)
        self.signing = SigningService(self.sam, self.inspector, self.engine, augmentation)
        self.ca = OrderedCa()
        self.revocation = OwnRevocationService(self.sam, CaClient(self.ca))
        self.app = create_app(self.settings, self.deps())
        self.a = self.register("Primăria Sectorului 3", "https://portal-a.example.com/back", "ana")
        self.b = self.register("Primăria Țăndărei", "https://portal-b.example.com/back?x=1", "bogdan")
        self.http = self.client()
        self.c: Portal = self.a
        self.elsewhere = ""

    def _documents(self, *, real) -> Any:
        if not real:
            return Inspector(self.bench), Engine()
        server = serve(Inspection(VerdictKey(self.bench.verdict_key), 20, 50_000_000), US)
        return PreflightClient(InProcess(PREFLIGHT, server)), PadesEngine(self.clock)  # type: ignore[arg-type]  # a way round the socket

    def deps(self) -> Deps:
        ports = self.sam, self.signing, self.revocation, self.database, self.counters, self.keys, self.clock
        return Deps(*ports, self.entropy, check=self.sam.check)

    def register(
        self, name, redirect_uri, account, *, signs=True, scopes=tuple(Scope), person=True, key=None, **terms
    ) -> Portal:
        """Register a portal here and at the SAM, and enrol its citizen."""
        key = key or ECKey.generate_key("P-256")
        jwk = json.dumps(key.as_dict(private=False)) if signs else None
        client, secret = self.clients.add(Registration(name, (redirect_uri,), scopes, jwk, **terms))
        self.bench.admin(RegisterPortal(client, name, "Primaria", jwk))
        portal = Portal(client, secret.reveal().decode(), key, redirect_uri, account)
        if person:
            self.people += 1
            number = self.people
            portal.credential = self.bench.enrol(
                account.title(), "Pop-Ștefănescu", f"PNORO-29001014{number:05d}", f"+40722100{number:03d}",
                client, account, allow_carried=not signs,
            )  # fmt: skip
        return portal

    # -- the portal's side --------------------------------------------------------------------------------------------

    def client(self) -> WerkzeugClient:
        """Return an HTTP client without cookies: a portal's back end, or a thief."""
        return HostClient(self.app, self.origin)

    def account_token(self, portal: Portal, **changes) -> str:
        portal.count += 1
        now = int(self.clock.now().timestamp())
        claims = {"sub": portal.account, "iat": now, "jti": f"j{portal.count}", "azp": portal.client, **changes}
        key = OctKey.import_key(hashlib.sha256(portal.secret.encode()).digest())
        header = {"alg": "HS256", "typ": "JWT"}
        return jws.serialize_compact(header, json.dumps(claims).encode(), key, algorithms=["HS256"])

    def details(self, portal: Portal, digests, kind="dtbsr", **changes) -> list[dict]:
        documents = [
            {"hash": base64.b64encode(each).decode(), "hashType": kind, "label": f"Cererea nr. {n}.pdf"}
            for n, each in enumerate(digests, start=1)
        ]
        element = {
            "type": CSC_TYPE,
            "credentialID": portal.credential,
            "numSignatures": len(documents),
            "hashAlgorithmOID": SHA256,
            "documentDigests": documents,
        }
        return [element | changes]

    def claims(self, portal: Portal, digests, kind="dtbsr", **changes) -> dict:
        """Return the claims of a request object."""
        now = int(self.clock.now().timestamp())
        portal.count += 1
        claims = {
            "iss": portal.client,
            "aud": self.origin,
            "iat": now,
            "exp": now + 300,
            "jti": f"r{portal.count}",
            "client_id": portal.client,
            "response_type": "code",
            "redirect_uri": portal.redirect_uri,
            "scope": "credential",
            "state": "st-" + "x" * 10,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "authorization_details": self.details(portal, digests, kind),
            "account_token": self.account_token(portal),
            "lang": "ro-RO",
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def signed(self, portal: Portal, claims: dict, key=None, **header) -> str:
        header = {"alg": "ES256", "typ": "oauth-authz-req+jwt"} | header
        payload = json.dumps(claims).encode()
        return jws.serialize_compact(header, payload, key or portal.key, algorithms=[header["alg"]])

    def push(self, portal: Portal, request: str, headers=None):
        """Push a request object; return the response."""
        return self.http.post(
            "/oauth2/pushed_authorize", data={"client_id": portal.client, "request": request},
            headers=portal.basic if headers is None else headers,
        )  # fmt: skip

    def pushed(self, portal: Portal, digests, kind="dtbsr", **changes) -> str:
        """Push an honest request; return its address for the browser."""
        response = self.push(portal, self.signed(portal, self.claims(portal, digests, kind, **changes)))
        assert response.status_code == 201, response.text
        return f"/oauth2/authorize?client_id={portal.client}&request_uri={response.json['request_uri']}"

    def token(self, portal: Portal, code: str, **changes):
        """Exchange a code; return the response."""
        form = {
            "grant_type": "authorization_code",
            "client_id": portal.client,
            "code": code,
            "redirect_uri": portal.redirect_uri,
            "code_verifier": VERIFIER,
        }
        form = {name: value for name, value in (form | changes).items() if value is not None}
        return self.http.post("/oauth2/token", data=form, headers=portal.basic)

    def service_token(self, portal):
        form = {"grant_type": "client_credentials", "client_id": portal.client}
        return self.http.post("/oauth2/token", data=form, headers=portal.basic).json["access_token"]

    def authorise(self, portal: Portal, digests, kind="dtbsr") -> str:
        """Go the whole way; return the SAD."""
        browser = self.browser()
        browser.authorise(self.pushed(portal, digests, kind))
        response = self.token(portal, browser.answer["code"])
        assert response.status_code == 200, response.text
        return response.json["access_token"]

    def call(self, method: str, body, token: str | None = None, **headers):
        """Call a CSC method; return the response."""
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(f"/csc/v2/{method}", data=data, content_type="application/json", headers=headers)

    def sign_hash(self, portal: Portal, token: str, digests, **changes):
        body = {
            "credentialID": portal.credential,
            "hashes": [base64.b64encode(each).decode() for each in digests],
            "signAlgo": ECDSA_OID,
        }
        body = {name: value for name, value in (body | changes).items() if value is not ...}
        return self.call("signatures/signHash", body, token)

    def sign_doc(self, portal: Portal, token: str, contents, **changes):
        element = {"signature_format": "P", "conformance_level": "AdES-B-B", "signAlgo": ECDSA_OID}
        body = {
            "credentialID": portal.credential,
            "documents": [element | {"document": base64.b64encode(each).decode()} for each in contents],
        }
        return self.call("signatures/signDoc", body | changes, token)

    # -- the citizen's side -------------------------------------------------------------------------------------------

    def browser(self) -> Browser:
        return Browser(self)


class HostClient(WerkzeugClient):
    """Werkzeug's client, whose every request is for the service's host."""

    def __init__(self, app, origin: str, *, use_cookies: bool = False) -> None:
        super().__init__(app, app.response_class, use_cookies=use_cookies)
        self._origin = origin

    def open(self, *args, **more):
        more.setdefault("base_url", self._origin)
        return super().open(*args, **more)


class Browser:
    """A browser with its own cookies: opens pages, reads forms, presses buttons."""

    def __init__(self, bench: WebBench) -> None:
        self._bench = bench
        self._http = HostClient(bench.app, bench.origin, use_cookies=True)
        self.address = ""
        self.response: Any = None

    @property
    def text(self) -> str:
        """The page's words, without markup."""
        main = re.sub(r"<(script|style|head).*?</\1>", " ", self.response.text, flags=re.DOTALL)
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main))).strip()

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def title(self):
        return html.unescape(re.search(r"<title>(.*?)</title>", self.response.text, re.DOTALL)[1]).strip()

    def get(self, address: str, **more) -> Browser:
        self.address = address
        self.response = self._http.get(address, **more)
        return self._follow()

    def post(self, form: dict[str, str], **more) -> Browser:
        more.setdefault("headers", {"Origin": self._bench.origin})
        self.response = self._http.post(self.address, data=form, **more)
        return self._follow()

    def press(self, action, **fields):
        """Send the form that holds this button."""
        key = re.search(r'name="key" value="([^"]+)"', self.response.text)
        assert key, self.response.text
        assert f'value="{action}"' in self.response.text
        return self.post({"key": key[1], "action": action, **fields})

    def authorise(self, address: str) -> Browser:
        """Go from the first page to the last with the right code."""
        self.get(address).press("start")
        assert self.status == 200, self.text
        return self.press("authorise", code=self._bench.phone.code)

    @property
    def way_out(self):
        """Where the page leads to by itself."""
        found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', self.response.text)
        assert found, self.text
        return html.unescape(found[1])

    @property
    def answer(self) -> dict[str, str]:
        """What the portal will be told."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.way_out).query).items()}

    def cookie(self, name="__Host-paraph"):
        found = self._http.get_cookie(name, domain=urlsplit(self._bench.origin).hostname)
        return None if found is None else found.value

    def _follow(self) -> Browser:
        while self.response.status_code == 303:
            self.address = self.response.headers["Location"]
            self.response = self._http.get(self.address)
        return self
