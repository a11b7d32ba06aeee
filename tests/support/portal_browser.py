"""A portal with its secrets, accounts and a browser: what tests of its pages share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from flask import Flask
from flask.testing import FlaskClient
from fpdf import FPDF
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from portal.app import create_app
from portal.entropy import SystemEntropy
from portal.keys import make_secrets, public_request_key
from portal.settings import PortalSettings
from tests.support.standin_service import CLIENT, SECRET, StandinService

ORIGIN = "http://localhost:8600"
EMAIL, PASSWORD, NAME = "ana@example.com", "trei cuvinte oarecare", "Ana Pop-Țăran"


def pdf(text: str) -> bytes:
    """Return a small PDF that says something."""
    document = FPDF()
    document.add_page()
    document.set_font("helvetica")
    document.set_creation_date(datetime(2026, 11, 23, tzinfo=UTC))
    document.cell(text=text.encode("ascii", "replace").decode())
    return bytes(document.output())


def settings(state_dir: Path, service_url: str, **changes: object) -> PortalSettings:
    values = {
        "service_url": service_url,
        "public_origin": ORIGIN,
        "city": "Primăria Sectorului 3",
        "state_dir": state_dir,
        "max_file_bytes": 1_000_000,
        "max_files": 4,
        "help_phone": "021 000 00 00",
    }
    return PortalSettings(**values | changes)


def connect(state_dir: Path, service: StandinService) -> None:
    """Register a portal with a stand-in, as the two commands of an administrator do."""
    directory = state_dir / "portal"
    service.request_key = ECKey.import_key(json.loads(public_request_key(directory)))
    (directory / "client.json").write_text(json.dumps({"client_id": CLIENT, "client_secret": SECRET}))
    (directory / "root.pem").write_bytes(service.pki.root.pem)


def make_portal(state_dir: Path, service_url: str, **changes: object) -> Flask:
    make_secrets(state_dir / "portal", SystemEntropy())
    return create_app(settings(state_dir, service_url, **changes))


def multipart(fields: dict[str, object]) -> tuple[str, bytes]:
    """Return a form as a browser sends it: text, and lists of (file name, content)."""
    boundary, parts = "----paraph", []
    for field, value in fields.items():
        for name, content in value if isinstance(value, list) else [(None, str(value).encode())]:
            quoted = "" if name is None else name.replace('"', "%22").replace("\n", "%0A").replace("\r", "%0D")
            extra = "" if name is None else f'; filename="{quoted}"\r\nContent-Type: application/octet-stream'
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"{extra}\r\n\r\n'
            parts += [head.encode(), content, b"\r\n"]
    return f"multipart/form-data; boundary={boundary}", b"".join([*parts, f"--{boundary}--\r\n".encode()])


class Browser:
    """A browser at the portal: keeps cookies, fills in forms by what the page holds, follows redirects on this site only."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self.page: TestResponse

    def get(self, path: str) -> TestResponse:
        self.page = self._follow(self.client.get(path, base_url=ORIGIN))
        return self.page

    def post(self, path: str, data: dict[str, object] | None = None, *, follow: bool = True) -> TestResponse:
        fields = {"csrf_token": self.csrf()} | (data or {})
        content_type, body = multipart(fields)
        response = self.client.post(path, data=body, base_url=ORIGIN, content_type=content_type)
        if follow:
            response = self.page = self._follow(response)
        return response

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD) -> TestResponse:
        self.get("/sign-in")
        return self.post("/sign-in", {"email": email, "password": password, "next": ""})

    def begin(self) -> str:
        """Begin a filing and return its address."""
        self.get("/filings")
        key = re.search(r'name="key" value="([^"]+)"', self.page.text)[1]
        self.post("/filings", {"key": key})
        return self.page.request.path

    def upload(self, filing: str, files: Iterable[tuple[str, bytes]]) -> TestResponse:
        return self.post(f"{filing}/documents", {"files": list(files)})

    def authorize(self, filing: str) -> str:
        """Press the button; return the address of the signing service that the page leads to."""
        self.get(filing)
        self.post(f"{filing}/authorize")
        return re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', self.page.text)[1].replace("&amp;", "&")

    def through_service(self, address: str) -> str:
        """Visit the signing service as a browser would; return the path that it leads back to."""
        answer = httpx.get(address, follow_redirects=False, trust_env=False)
        back = urlsplit(answer.headers["Location"])
        assert f"{back.scheme}://{back.netloc}" == ORIGIN
        return f"{back.path}?{back.query}"

    def sign(self, filing: str) -> TestResponse:
        return self.get(self.through_service(self.authorize(filing)))

    def csrf(self) -> str:
        found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', self.page.text)
        return found[1] if found else ""

    def _follow(self, response: TestResponse) -> TestResponse:
        while response.status_code == 303:
            response = self.client.get(response.headers["Location"], base_url=ORIGIN)
        return response
