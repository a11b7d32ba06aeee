"""What the `status` zone does a second: OCSP answers and time-stamps, in one process and over HTTP, beside `openssl ocsp`.

`openssl ocsp` serves the same certificates from an index file, with a P-256 key in memory; both are asked by the same
clients with the same kinds of request, a new connection for each, as OCSP clients do.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from apps.ports import free_ports
from apps.status import open_status
from bench.processes import percentiles, timed
from ca.client import CaClient
from ca.ocsp.answer import Refusal
from ca.protocol import CA
from ca.status_parts import TSU_CERTIFICATE
from channel.client import Channel
from core.config import Settings
from tests.support.instance import Instance

CLIENTS = 2
SECONDS = 4.0
_KINDS = {"/ocsp": "application/ocsp-request", "/tsa": "application/timestamp-query"}


def ocsp_requests(issued_pem: bytes, issuer_pem: bytes, serials: list[int], *, nonce: bool) -> list[bytes]:
    """Return a request about each certificate, DER; `issued_pem` is any certificate of the issuer."""
    issued, issuer = (x509.load_pem_x509_certificate(each) for each in (issued_pem, issuer_pem))
    named = ocsp.OCSPRequestBuilder().add_certificate(issued, issuer, hashes.SHA1()).build()  # for the hashes' sake
    found = []
    for serial in serials:
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
            named.issuer_name_hash, named.issuer_key_hash, serial, hashes.SHA1()
        )
        if nonce:
            builder = builder.add_extension(x509.OCSPNonce(os.urandom(32)), critical=False)
        found.append(builder.build().public_bytes(Encoding.DER))
    return found


def tsp_requests() -> list[bytes]:
    """Return requests for time-stamps with nonce and certificates, DER."""
    found = []
    for number in range(100):
        imprint = {
            "hash_algorithm": {"algorithm": "sha256"},
            "hashed_message": hashlib.sha256(bytes([number])).digest(),
        }
        asked = {"version": 1, "message_imprint": imprint, "nonce": number + 1, "cert_req": True}
        found.append(tsp.TimeStampReq(asked).dump())
    return found


def over_http(address: str, path: str, bodies: list[bytes]) -> Callable[[], Any]:
    """Return one request over a connection of its own."""
    host, _, port = address.partition(":")
    heads = [
        f"POST {path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: {_KINDS[path]}\r\nContent-Length: {len(body)}\r\n\r\n"
        for body in bodies
    ]
    messages = [head.encode() + body for head, body in zip(heads, bodies, strict=True)]
    state = {"next": 0}

    def once() -> None:
        state["next"] = (state["next"] + 1) % len(messages)
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(messages[state["next"]])
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        if b" 200 OK" not in parts[0][:20] or sum(map(len, parts)) < 400:
            raise RuntimeError(b"".join(parts)[:300])

    return once


def in_process(settings: Settings, path: str, bodies: list[bytes]) -> Callable[[], Any]:
    """Return one answer of the zone's own application, without HTTP, from a copy of its folder."""
    application, _metrics = open_status(settings)
    parts = application._parts  # noqa: SLF001  # below HTTP
    answer = parts.answer if path == "/ocsp" else parts.respond
    state = {"next": 0}

    def once() -> None:
        state["next"] = (state["next"] + 1) % len(bodies)
        answered = answer(bodies[state["next"]])
        if isinstance(answered, Refusal) or (isinstance(answered, bytes) and len(answered) < 400):
            raise RuntimeError(answered)

    return once


class OpensslResponder:
    """`openssl ocsp` with an index of the certificates on record."""

    def __init__(self, issuer_name: x509.Name, serials: list[int]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="paraph-bench-"))
        key, now = ec.generate_private_key(ec.SECP384R1()), datetime.now(UTC)
        issuer = self._certificate(issuer_name, key, issuer_name, key, now, ca=True)
        responder_key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name.from_rfc4514_string("CN=TEST responder")
        self._write("issuer", key, issuer)
        self._write("responder", responder_key, self._certificate(name, responder_key, issuer_name, key, now, ca=False))
        self.issuer_pem = issuer.public_bytes(Encoding.PEM)
        lines = [f"V\t270101000000Z\t\t{serial:040X}\tunknown\t/CN={serial:x}" for serial in serials]
        (self.folder / "index.txt").write_text("\n".join(lines) + "\n")
        (port,) = free_ports(1)
        self.address = f"127.0.0.1:{port}"
        command = "openssl ocsp -index index.txt -CA issuer.pem -rsigner responder.pem -rkey responder.key -ignore_err"
        self._process = subprocess.Popen(
            [*command.split(), "-port", str(port)],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait(ocsp_requests(self.issuer_pem, self.issuer_pem, serials, nonce=False))

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10)
        shutil.rmtree(self.folder)

    def _certificate(self, name, key, issuer, issuer_key, now, *, ca: bool) -> x509.Certificate:
        builder = x509.CertificateBuilder(issuer, name, key.public_key(), 77, now, now + timedelta(days=1))
        if not ca:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        return builder.sign(issuer_key, hashes.SHA384())

    def _write(self, name: str, key: Any, certificate: x509.Certificate) -> None:
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / f"{name}.key").write_bytes(pem)
        (self.folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))

    def _wait(self, requests: list[bytes]) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                over_http(self.address, "/ocsp", requests)()  # an empty connection would send it into a spin
            except ConnectionRefusedError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError("openssl ocsp does not start")


class OpensslStamper:
    """`openssl ts -reply`, which serves nobody: a process for each token, with a P-256 key in a file."""

    CONFIG = """
[tsa]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="paraph-bench-"))
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        name = x509.Name.from_rfc4514_string("CN=TEST unit")
        builder = x509.CertificateBuilder(name, name, key.public_key(), 77, now, now + timedelta(days=1))
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)  # noqa: FBT003  # digitalSignature alone, in the order of the constructor
        builder = builder.add_extension(usage, critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / "key.pem").write_bytes(pem)
        (self.folder / "unit.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
        (self.folder / "tsa.cnf").write_text(self.CONFIG)
        (self.folder / "serial").write_text("01\n")
        (self.folder / "q.tsq").write_bytes(tsp_requests()[0])

    def stamp(self) -> None:
        """Make one token."""
        command = (
            "openssl ts -reply -config tsa.cnf -section tsa -queryfile q.tsq -signer unit.pem -inkey key.pem -out r.tsr"
        )
        subprocess.run(command.split(), cwd=self.folder, check=True, capture_output=True)

    def close(self) -> None:
        """Remove its files."""
        shutil.rmtree(self.folder)


def openssl_stamper() -> Callable[[], Any]:
    """Return one token by `openssl ts -reply`."""
    return OpensslStamper().stamp


def measure(work: Callable[..., Callable[[], Any]], *arguments: Any) -> dict[str, float]:
    """Return rate and percentiles over all clients."""
    latencies = timed(work, [arguments] * CLIENTS, SECONDS)
    return {"rate": round(sum(len(each) for each in latencies) / SECONDS, 1), **percentiles(latencies)}


def status(instance: Instance) -> dict[str, dict[str, float]]:
    """Return every measurement of the zone of a running instance."""
    settings = instance.settings
    issuer_pem = (settings.published() / "issuing.pem").read_bytes()
    listed = CaClient(Channel(CA, settings.socket("ca"))).list(1000)
    serials = [int(each.serial, 16) for each in listed]
    issued_pem = (settings.zone_dir("status") / TSU_CERTIFICATE).read_bytes()
    with_nonce = ocsp_requests(issued_pem, issuer_pem, serials, nonce=True)
    without = ocsp_requests(issued_pem, issuer_pem, serials, nonce=False)
    stamps = tsp_requests()
    results = {
        "OCSP in process, nonce": measure(in_process, settings, "/ocsp", with_nonce),
        "OCSP in process, no nonce": measure(in_process, settings, "/ocsp", without),
        "TSA in process": measure(in_process, settings, "/tsa", stamps),
        "OCSP over HTTP, nonce": measure(over_http, settings.status.listen, "/ocsp", with_nonce),
        "OCSP over HTTP, no nonce": measure(over_http, settings.status.listen, "/ocsp", without),
        "TSA over HTTP": measure(over_http, settings.status.listen, "/tsa", stamps),
    }
    results["openssl ts -reply, a process each"] = measure(openssl_stamper)
    return results | _openssl(x509.load_pem_x509_certificate(issuer_pem).subject, serials)


def _openssl(issuer: x509.Name, serials: list[int]) -> dict[str, dict[str, float]]:
    responder = OpensslResponder(issuer, serials)
    try:
        return {
            f"openssl ocsp over HTTP, {name}": measure(
                over_http,
                responder.address,
                "/ocsp",
                ocsp_requests(responder.issuer_pem, responder.issuer_pem, serials, nonce=name == "nonce"),
            )
            for name in ("nonce", "no nonce")
        }
    finally:
        responder.close()


def status_ratios(rate: dict[str, float]) -> dict[str, str]:
    """Return the ratios that the aims speak of."""
    raw = rate["raw C_Sign P-256"]
    other = {name: rate[f"openssl ocsp over HTTP, {name}"] for name in ("nonce", "no nonce")}
    return {
        "OCSP in process, nonce / raw C_Sign": f"{rate['OCSP in process, nonce'] / raw:.0%}",
        "TSA in process / raw C_Sign": f"{rate['TSA in process'] / raw:.0%}",
        "OCSP over HTTP, nonce / raw C_Sign": f"{rate['OCSP over HTTP, nonce'] / raw:.0%}",
        "TSA over HTTP / raw C_Sign": f"{rate['TSA over HTTP'] / raw:.0%}",
        **{
            f"OCSP over HTTP, {name}, against openssl": f"{rate[f'OCSP over HTTP, {name}'] / slow:.1f} times (aim 5)"
            for name, slow in other.items()
        },
        "TSA over HTTP against openssl ts -reply": (
            f"{rate['TSA over HTTP'] / rate['openssl ts -reply, a process each']:.1f} times"
        ),
        "OCSP in process, no nonce, against openssl": (
            f"{rate['OCSP in process, no nonce'] / other['no nonce']:.1f} times"
        ),
    }
