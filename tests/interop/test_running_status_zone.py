"""The running `status` zone, asked over HTTP by openssl and by pyHanko's own fetchers, and judged by pkilint.

Where a client follows the addresses in a certificate, a resolver of names leads it to the port at which the zone listens.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from aiohttp import ClientSession, TCPConnector
from aiohttp.abc import AbstractResolver
from asn1crypto import pem, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID
from pyhanko.sign.timestamps.aiohttp_client import HTTPTimeStamper
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import RevokedError
from pyhanko_certvalidator.fetchers.aiohttp_fetchers import AIOHttpFetcherBackend

from apps.health import check, wait_until_healthy
from ca.ocsp.answer import Refusal
from core.algorithms import KeyType
from tests.support.administrators import SignedIn
from tests.support.instance import make_instance

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("status-instance")]
TOOLS = Path(sys.executable).parent
OCSP_TYPE, TSP_TYPE = "application/ocsp-request", "application/timestamp-query"


class World:
    """An instance, and a folder of files for the tools."""

    def __init__(self, folder: Path) -> None:
        self.instance = make_instance()
        self.settings = self.instance.settings
        self.url = f"http://{self.settings.status.listen}"
        self.folder = folder
        for name in ("root", "issuing"):
            shutil.copyfile(self.settings.published() / f"{name}.pem", folder / f"{name}.pem")
        for name in ("ocsp", "tsu"):
            shutil.copyfile(self.settings.zone_dir("status") / f"{name}.crt", folder / f"{name}.pem")
        self.admin = SignedIn(self.settings, "elena")

    def run(self, command: str, *more: str, good: bool = True) -> str:
        """Run a tool on the files; return what it says."""
        done = subprocess.run(
            [*command.split(), *more], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode == 0) is good, done.stdout + done.stderr
        return done.stdout + done.stderr

    def openssl_ocsp(self, certificate: str, *more: str) -> str:
        """Ask with openssl, which verifies the answer, and return the line on the certificate."""
        said = self.run(
            f"openssl ocsp -issuer issuing.pem -sha256 -cert {certificate} -url {self.url}/ocsp -CAfile root.pem", *more
        )
        assert "Response verify OK" in said
        assert "WARNING" not in said
        return next(line for line in said.splitlines() if line.startswith(certificate))

    def new_certificate(self, name: str) -> x509.Certificate:
        """Have the authority certify something that may be revoked; write it as `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"TEST {name.partition('.')[0]}")])
        request = x509.CertificateSigningRequestBuilder(subject).sign(key, hashes.SHA256())
        der = self.admin.authority.certify("list-signer", request.public_bytes(Encoding.DER)).certificate
        certificate = x509.load_der_x509_certificate(der)
        (self.folder / name).write_bytes(certificate.public_bytes(Encoding.PEM))
        return certificate

    def revoke(self, certificate: x509.Certificate, reason: str = "keyCompromise") -> None:
        serial = f"{certificate.serial_number:040x}"
        self.admin.authority.revoke(serial, reason)

    def ask(self, certificate: x509.Certificate, nonce: bytes | None = None) -> ocsp.OCSPResponse | bytes:
        """Ask by POST; return the answer, or the bytes of a refusal."""
        issuer = x509.load_pem_x509_certificate((self.folder / "issuing.pem").read_bytes())
        builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256())
        if nonce:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        body = builder.build().public_bytes(Encoding.DER)
        answer = httpx.post(
            f"{self.url}/ocsp", content=body, headers={"Content-Type": OCSP_TYPE}, trust_env=False, timeout=20
        )
        assert answer.status_code == 200
        if answer.content in {each.value for each in Refusal}:
            return answer.content
        return ocsp.load_der_ocsp_response(answer.content)

    def asn1(self, name: str) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(pem.unarmor((self.folder / name).read_bytes())[2])


class ToThisMachine(AbstractResolver):
    """Resolves the published host's name to where the zone listens."""

    def __init__(self, url: str) -> None:
        self._port = int(url.rsplit(":", 1)[1])

    async def resolve(self, host, port=0, family=socket.AF_INET):
        assert host == "pki.example.com"
        return [{"hostname": host, "host": "127.0.0.1", "port": self._port, "family": family, "proto": 0, "flags": 0}]

    async def close(self):
        pass


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("status"))
    yield made
    made.instance.remove()


def test_openssl_is_told_by_post_that_a_certificate_is_good(world):
    assert world.openssl_ocsp("tsu.pem") == "tsu.pem: good"
    world.run(f"openssl ocsp -issuer issuing.pem -cert tsu.pem -url {world.url}/ocsp -CAfile root.pem")  # SHA-1


def test_openssl_is_told_by_get(world):
    world.run("openssl ocsp -issuer issuing.pem -sha256 -cert tsu.pem -no_nonce -reqout get.req")
    path = quote(base64.b64encode((world.folder / "get.req").read_bytes()), safe="")
    answer = httpx.get(f"{world.url}/ocsp/{path}", trust_env=False)
    assert answer.headers["Cache-Control"].startswith("max-age=30")
    (world.folder / "get.der").write_bytes(answer.content)
    said = world.run(
        "openssl ocsp -issuer issuing.pem -sha256 -cert tsu.pem -respin get.der -no_nonce -CAfile root.pem"
    )
    assert "Response verify OK" in said
    assert "tsu.pem: good" in said
    assert httpx.get(f"{world.url}/ocsp/{path}", headers={"If-None-Match": answer.headers["ETag"]}).status_code in {
        200,  # the other worker has made an answer of its own
        304,
    }


def test_openssl_is_told_of_several_in_one_answer(world):
    world.new_certificate("several.pem")
    said = world.run(
        "openssl ocsp -issuer issuing.pem -sha256 -cert tsu.pem -sha256 -cert several.pem -sha256 -serial 0x1234"
        f" -url {world.url}/ocsp -CAfile root.pem"
    )
    assert "tsu.pem: good" in said
    assert "several.pem: good" in said
    assert "0x1234: unknown" in said


def test_openssl_is_told_of_a_revocation_within_a_second__attack_n11(world):
    certificate = world.new_certificate("gone.pem")
    assert world.openssl_ocsp("gone.pem") == "gone.pem: good"
    assert world.openssl_ocsp("gone.pem", "-no_nonce") == "gone.pem: good"
    world.revoke(certificate)
    time.sleep(0.9)
    for _ in range(6):  # both workers
        assert world.openssl_ocsp("gone.pem") == "gone.pem: revoked"
        assert world.openssl_ocsp("gone.pem", "-no_nonce") == "gone.pem: revoked"
    said = world.ask(certificate)
    assert said.revocation_reason is x509.ReasonFlags.key_compromise


def test_pkilint_finds_nothing_in_the_answers__rfc6960(world):
    certificate = world.new_certificate("linted.pem")
    world.openssl_ocsp("linted.pem", "-respout", "good.der")
    world.openssl_ocsp("linted.pem", "-no_nonce", "-respout", "plain.der")
    world.revoke(certificate, "superseded")
    time.sleep(0.9)
    world.openssl_ocsp("linted.pem", "-respout", "revoked.der")
    world.run(
        f"openssl ocsp -issuer issuing.pem -serial 0x77 -url {world.url}/ocsp -CAfile root.pem -respout unknown.der"
    )
    for name in ("good", "plain", "revoked", "unknown"):
        assert world.run(f"{TOOLS}/lint_ocsp_response lint -s WARNING {name}.der").strip() == ""


@pytest.mark.parametrize("name", ["ocsp.pem", "tsu.pem"])
def test_pkilint_and_openssl_find_nothing_in_the_zones_certificates(world, name):
    assert world.run(f"{TOOLS}/lint_pkix_cert lint -s WARNING {name}").strip() == ""
    assert world.run(f"{TOOLS}/lint_pkix_signer_signee_cert_chain lint -s WARNING issuing.pem {name}").strip() == ""
    world.run(f"openssl verify -x509_strict -CAfile root.pem -untrusted issuing.pem {name}")


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_openssl_verifies_a_time_stamp(world, algorithm):
    world.run(f"openssl ts -query -data root.pem -{algorithm} -cert -out q.tsq")
    answer = httpx.post(
        f"{world.url}/tsa",
        content=(world.folder / "q.tsq").read_bytes(),
        headers={"Content-Type": TSP_TYPE},
        trust_env=False,
    )
    assert answer.headers["Content-Type"] == "application/timestamp-reply"
    (world.folder / "r.tsr").write_bytes(answer.content)
    verify = "openssl ts -verify -queryfile q.tsq -in r.tsr -CAfile root.pem -untrusted issuing.pem"
    assert "Verification: OK" in world.run(verify)
    world.run(f"openssl ts -query -data issuing.pem -{algorithm} -cert -out q.tsq")
    assert "mismatch" in world.run(verify, good=False)  # the twin: another imprint


def test_openssl_verifies_a_time_stamp_without_certificates(world):
    world.run("openssl ts -query -data root.pem -sha256 -out q.tsq")
    answer = httpx.post(
        f"{world.url}/tsa", content=(world.folder / "q.tsq").read_bytes(), headers={"Content-Type": TSP_TYPE}
    )
    (world.folder / "r.tsr").write_bytes(answer.content)
    (world.folder / "chain.pem").write_bytes(
        (world.folder / "issuing.pem").read_bytes() + (world.folder / "tsu.pem").read_bytes()
    )
    world.run("openssl ts -verify -queryfile q.tsq -in r.tsr -CAfile root.pem -untrusted chain.pem")


def test_openssl_shows_why_a_time_stamp_is_refused(world):
    world.run("openssl ts -query -data root.pem -sha1 -out q.tsq")
    answer = httpx.post(
        f"{world.url}/tsa", content=(world.folder / "q.tsq").read_bytes(), headers={"Content-Type": TSP_TYPE}
    )
    (world.folder / "r.tsr").write_bytes(answer.content)
    said = world.run("openssl ts -reply -in r.tsr -text")
    assert "Rejected" in said
    assert "unrecognized or unsupported algorithm" in said


def test_pyhanko_follows_the_addresses_in_a_certificate_and_believes_the_answers(world):
    """OCSP, CRL and issuer certificates, each fetched by pyHanko from where the certificate says it is."""
    certificate = world.new_certificate("followed.pem")

    async def validate() -> None:
        session = ClientSession(connector=TCPConnector(resolver=ToThisMachine(world.url), family=socket.AF_INET))
        backend = AIOHttpFetcherBackend(session)
        context = ValidationContext(
            trust_roots=[world.asn1("root.pem")],
            allow_fetching=True,
            fetcher_backend=backend,
            revocation_mode="require",
        )
        try:
            await CertificateValidator(world.asn1("followed.pem"), validation_context=context).async_validate_path()
        finally:
            await session.close()
        assert context.ocsps
        assert context.crls

    asyncio.run(validate())
    world.revoke(certificate)
    time.sleep(0.9)
    with pytest.raises(RevokedError):
        asyncio.run(validate())


def test_pyhanko_gets_a_time_stamp_and_validates_it(world):
    stamper = HTTPTimeStamper(f"{world.url}/tsa")
    digest = hashlib.sha256(b"a document").digest()
    token = asyncio.run(stamper.async_timestamp(digest, "sha256"))
    content = token["content"]["encap_content_info"]["content"].parsed
    assert content["message_imprint"]["hashed_message"].native == digest
    (identified,) = [
        each
        for each in token["content"]["signer_infos"][0]["signed_attrs"]
        if each["type"].native == "signing_certificate_v2"
    ]
    assert (
        identified["values"][0]["certs"][0]["cert_hash"].native == hashlib.sha256(world.asn1("tsu.pem").dump()).digest()
    )


def stamp(world, number: int) -> int:
    imprint = {
        "hash_algorithm": {"algorithm": "sha256"},
        "hashed_message": hashlib.sha256(bytes([number % 256])).digest(),
    }
    body = tsp.TimeStampReq({"version": 1, "message_imprint": imprint}).dump()
    answer = httpx.post(f"{world.url}/tsa", content=body, headers={"Content-Type": TSP_TYPE}, timeout=30)
    token = tsp.TimeStampResp.load(answer.content)["time_stamp_token"]["content"]
    return int(token["encap_content_info"]["content"].parsed["serial_number"].native)


def test_serial_numbers_differ_over_processes_and_restarts__attack_o3(world):
    assert len(world.instance.worker_pids("status")) == 2
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda each: stamp(world, each), range(200)))
        for pid in world.instance.worker_pids("status"):
            os.kill(pid, signal.SIGKILL)
        wait_until_healthy(world.settings, ("status",), 60)
        numbers += pool.map(lambda each: stamp(world, each), range(200))
    assert len(set(numbers)) == 400


def raw(world, head: str, body: bytes = b"") -> bytes:
    """Send bytes to the zone and return the beginning of what comes back."""
    host, _, port = world.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has heard enough
            connection.sendall(head.replace("\n", "\r\n").encode() + body)
        try:
            return connection.recv(65536)
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize(("path", "kind"), [("/ocsp", OCSP_TYPE), ("/tsa", TSP_TYPE)])
def test_ten_megabytes_are_not_taken(world, path, kind):
    head = f"POST {path} HTTP/1.1\nHost: x\nContent-Type: {kind}\nContent-Length: 10000000\n\n"
    assert raw(world, head, bytes(70_000))[:12] == b"HTTP/1.1 413"  # long before the rest of it was sent
    answer = raw(world, head, bytes(10_000_000))
    assert answer[:12] in {b"HTTP/1.1 413", b""}  # or the connection is reset meanwhile
    assert check(world.settings, "status") == ""


@pytest.mark.parametrize(("path", "kind"), [("/ocsp", OCSP_TYPE), ("/tsa", TSP_TYPE)])
def test_ten_megabytes_in_chunks_are_not_taken(world, path, kind):
    head = f"POST {path} HTTP/1.1\nHost: x\nContent-Type: {kind}\nTransfer-Encoding: chunked\n\n"
    chunk = b"8000\r\n" + bytes(0x8000) + b"\r\n"
    answer = raw(world, head, chunk * 300)
    assert answer[:12] in {b"HTTP/1.1 413", b""}
    assert check(world.settings, "status") == ""


def malformed(world) -> list[tuple[str, str, bytes, int]]:
    """Return path, content type, body and expected status of requests that are wrong in every way."""
    issuer = x509.load_pem_x509_certificate((world.folder / "issuing.pem").read_bytes())
    good = ocsp.OCSPRequestBuilder().add_certificate(issuer, issuer, hashes.SHA256())
    huge = good.add_extension(x509.OCSPNonce(b"n" * 10_000), critical=False).build().public_bytes(Encoding.DER)
    ask = good.build().public_bytes(Encoding.DER)
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)}
    stamp = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "nonce": 5}).dump()
    long_nonce = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "nonce": 2**8000}).dump()
    version = b"\xa0\x03\x02\x01\x07"
    inside = ask[4:] if ask[1] & 0x80 else ask[2:]
    body = inside[2:]
    other = bytes([0x30, len(version + body)]) + version + body
    return [
        ("/ocsp", OCSP_TYPE, bytes([0x30, len(other)]) + other, 200),
        ("/ocsp", OCSP_TYPE, huge, 200),
        ("/ocsp", OCSP_TYPE, ask[: len(ask) // 2], 200),
        ("/ocsp", OCSP_TYPE, b"", 200),
        ("/ocsp", "text/html", ask, 415),
        ("/ocsp", TSP_TYPE, ask, 415),
        ("/ocsp", OCSP_TYPE, bytes(20_000), 413),
        ("/tsa", TSP_TYPE, stamp.replace(b"\x02\x01\x01", b"\x02\x01\x07", 1), 200),
        ("/tsa", TSP_TYPE, long_nonce, 200),
        ("/tsa", TSP_TYPE, stamp[:-1], 200),
        ("/tsa", TSP_TYPE, b"", 200),
        ("/tsa", OCSP_TYPE, stamp, 415),
        ("/tsa", "application/json", stamp, 415),
    ]


def test_whatever_is_wrong_with_a_request_is_told_and_the_next_one_is_answered(world):
    certificate = world.new_certificate("between.pem")
    for path, kind, body, status in malformed(world):
        answer = httpx.post(world.url + path, content=body, headers={"Content-Type": kind}, trust_env=False)
        assert answer.status_code == status, (path, kind, body[:20])
        if status == 200 and path == "/ocsp":
            assert answer.content == Refusal.MALFORMED_REQUEST.value
        elif status == 200:
            assert tsp.PKIStatusInfo.load(answer.content[2:])["status"].native == "rejection"
    for path in ("/ocsp/", "/ocsp/%%%", "/ocsp/AAAA", f"/ocsp/{'A' * 7000}"):
        assert httpx.get(world.url + path, trust_env=False).content == Refusal.MALFORMED_REQUEST.value
    assert world.ask(certificate, b"n" * 32).certificate_status is ocsp.OCSPCertStatus.GOOD
    assert check(world.settings, "status") == ""


def test_lists_asked_for_while_certificates_are_issued_and_revoked_are_whole_and_only_get_newer(world):
    issuer = x509.load_pem_x509_certificate((world.folder / "issuing.pem").read_bytes())
    stopped, numbers = threading.Event(), []

    def fetch() -> None:
        with httpx.Client(trust_env=False) as client:
            while not stopped.is_set():
                answer = client.get(f"{world.url}/crl/issuing.crl")
                found = x509.load_der_x509_crl(answer.content)
                good = answer.status_code == 200 and found.is_signature_valid(issuer.public_key())
                number = found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
                numbers.append(number if good else -1)

    with ThreadPoolExecutor(1) as pool:
        fetching = pool.submit(fetch)
        for number in range(8):
            world.revoke(world.new_certificate(f"busy{number}.pem"))
        stopped.set()
        fetching.result(30)
    assert numbers == sorted(numbers)
    assert numbers[0] > 0
    assert len(set(numbers)) > 3


def test_revocation_lists_are_as_fresh_as_their_tag_says(world):
    first = httpx.get(f"{world.url}/crl/issuing.crl")
    again = httpx.get(f"{world.url}/crl/issuing.crl", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    world.revoke(world.new_certificate("listed.pem"))
    changed = httpx.get(f"{world.url}/crl/issuing.crl", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    (world.folder / "issuing.crl").write_bytes(changed.content)
    world.run("openssl crl -in issuing.crl -inform DER -CAfile issuing.pem -noout -verify")
    (world.folder / "root.crl").write_bytes(httpx.get(f"{world.url}/crl/root.crl").content)
    world.run("openssl crl -in root.crl -inform DER -CAfile root.pem -noout -verify")
    for kind, name in (("CRL", "issuing.crl"), ("ARL", "root.crl")):
        assert world.run(f"{TOOLS}/lint_crl lint -t {kind} -p PKIX -s WARNING {name}").strip() == ""


def test_an_authority_that_stands_still_is_bridged_and_then_means_try_later(world):
    certificate = world.new_certificate("bridged.pem")
    assert world.ask(certificate, b"n" * 32).certificate_status is ocsp.OCSPCertStatus.GOOD
    pids = [world.instance.zone_pid("ca"), *world.instance.worker_pids("ca")]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert world.ask(certificate, b"n" * 32).certificate_status is ocsp.OCSPCertStatus.GOOD
        time.sleep(11)
        for _ in range(4):
            assert world.ask(certificate, b"n" * 32) == Refusal.TRY_LATER.value
        assert check(world.settings, "status") != ""
        assert stamp(world, 1) > 0  # time goes on without the authority
    finally:
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)
    wait_until_healthy(world.settings, ("ca", "status"), 60)
    assert world.ask(certificate, b"n" * 32).certificate_status is ocsp.OCSPCertStatus.GOOD


def test_without_its_token_the_zone_refuses_and_still_serves_lists(world):
    certificate = world.new_certificate("tokenless.pem")
    tokens = world.settings.zone_dir("status") / "tokens"
    hidden = tokens.with_name("tokens.away")
    tokens.rename(hidden)
    try:
        for pid in world.instance.worker_pids("status"):
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                assert world.ask(certificate) == Refusal.TRY_LATER.value
                break
            except httpx.TransportError:
                time.sleep(0.2)
        assert httpx.get(f"{world.url}/crl/issuing.crl").status_code == 200
        assert httpx.get(f"{world.url}/health").status_code == 503
    finally:
        hidden.rename(tokens)
    wait_until_healthy(world.settings, ("status",), 60)
    assert world.ask(certificate).certificate_status is ocsp.OCSPCertStatus.GOOD


def test_both_parts_are_renewed_with_new_keys_while_the_zone_runs(world):
    certificate = world.new_certificate("renewed.pem")
    before = world.ask(certificate).certificates[0]
    shown = json.loads(world.instance.paraph("ca", "rotate", "ocsp", "--as", "mihai", "--json").stdout)
    assert "TEST OCSP Responder 2" in shown["subject"]
    for number in range(6):  # both workers
        said = world.ask(certificate, bytes([number]) * 32)
        assert said.certificates[0].public_bytes(Encoding.PEM).decode() == shown["certificate"]
    assert before.public_key() != said.certificates[0].public_key()
    assert world.openssl_ocsp("renewed.pem") == "renewed.pem: good"
    assert "TEST Time-Stamping Unit 2" in world.instance.paraph("ca", "rotate", "tsa", "--as", "mihai").stdout
    for number in range(6):
        stamp(world, number)
    shown = json.loads(world.instance.paraph("ca", "tsa", "--json").stdout)
    (world.folder / "tsu-2.pem").write_text(shown["certificate"])
    assert world.openssl_ocsp("tsu-2.pem") == "tsu-2.pem: good"
    assert world.openssl_ocsp("tsu.pem") == "tsu.pem: good"  # the old unit's time-stamps hold
    world.run("openssl ts -query -data root.pem -sha256 -cert -out q.tsq")
    answer = httpx.post(
        f"{world.url}/tsa", content=(world.folder / "q.tsq").read_bytes(), headers={"Content-Type": TSP_TYPE}
    )
    (world.folder / "r.tsr").write_bytes(answer.content)
    world.run("openssl ts -verify -queryfile q.tsq -in r.tsr -CAfile root.pem -untrusted issuing.pem")
    assert check(world.settings, "status") == ""


def test_the_key_of_the_unit_is_a_p256_key_of_its_own(world):
    keys = {world.asn1(name).public_key.dump() for name in ("ocsp.pem", "tsu.pem", "issuing.pem", "root.pem")}
    assert len(keys) == 4
    assert KeyType.EC_P256.bits == world.asn1("tsu.pem").public_key.bit_size
