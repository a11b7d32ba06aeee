"""signDoc at B-T and B-LT over HTTP, beside pyHanko signing the same files with the same token and authority.

pyHanko signs in two ways: through its API in a process that keeps everything warm (session, chain, revocation data), and
as its command line does, with a process for each file. Ours is asked as a portal asks: documents in base64 over HTTP,
preflight, the SAM and its records, in processes of their own.
"""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_pem_x509_certificate
from cryptography.x509 import ocsp as asked

from bench.processes import percentiles, timed
from bench.pyhanko_file import signing
from bench.samples import pdf_of
from bench.service import Citizen, Flow, Portal
from bench.zones import PROCESSES
from ca import publication
from ca.status_parts import TSU_CERTIFICATE
from core import addresses
from core.algorithms import KeyType
from core.clock import SystemClock
from core.config import Settings
from hsm.keys import TokenSigningKey, generate_key_pair
from hsm.session import Token
from tests.support.clocks import FakeClock
from tests.support.instance import Instance
from tests.support.tokens import MODULE
from tests.support.trust_services import TrustServices

SIZE = 1_000_000
BATCH = 20
LEVELS = ("AdES-B-T", "AdES-B-LT")
API, COMMAND = "pyHanko API", "pyHanko, a process a file,"
ONE, TWENTY = "signDoc, one a request,", "signDoc, twenty a request,"


def one_by_one(portal: Portal, citizens: list[Citizen], level: str) -> Callable[[], Any]:
    """Return one signDoc of one document, twenty to an authorization made beforehand."""
    flow, waiting = Flow(portal), _authorised(portal, citizens)
    ready = ((token, citizen, each) for token, citizen, documents in waiting for each in documents)

    def once() -> None:
        token, citizen, document = next(ready)
        flow.sign_doc(token, citizen, document, level=level)

    return once


def together(portal: Portal, citizens: list[Citizen], level: str) -> Callable[[], Any]:
    """Return one signDoc of all twenty documents of an authorization."""
    flow, waiting = Flow(portal), iter(_authorised(portal, citizens))

    def once() -> None:
        token, citizen, documents = next(waiting)
        flow.sign_doc(token, citizen, *documents, level=level)

    return once


def _authorised(portal: Portal, citizens: list[Citizen]) -> list[tuple[str, Citizen, list[bytes]]]:
    flow, document = Flow(portal), pdf_of(SIZE)
    ready = []
    for citizen in citizens[:4]:
        documents = [document + b"%" + str(number).encode() + b"\n" for number in range(BATCH)]
        token = flow.authorise(citizen, [hashlib.sha256(each).digest() for each in documents], "sodr")
        ready.append((token, citizen, documents))
    return ready


def by_api(setup: str, level: str) -> Callable[[], Any]:
    """Return pyHanko's signing of a file in this process."""
    logging.disable(logging.WARNING)  # it warns at each file that nothing will be fetched
    sign, document = signing(json.loads(Path(setup).read_bytes()), level), pdf_of(SIZE)
    return lambda: sign(document)


def by_command(setup: str, level: str) -> Callable[[], Any]:
    """Return pyHanko's signing of a file in a process for it alone, as its command line does."""
    folder = Path(tempfile.mkdtemp())
    (folder / "in.pdf").write_bytes(pdf_of(SIZE))
    command = [
        sys.executable,
        "-m",
        "bench.pyhanko_file",
        setup,
        level,
        str(folder / "in.pdf"),
        str(folder / "out.pdf"),
    ]
    return lambda: subprocess.run(command, check=True, capture_output=True)


def prepare(directory: Path, settings: Settings) -> str:
    """Give pyHanko a key on the token, a certificate for it, and all that validates it; return where that is written."""
    token = Token(directory, MODULE, "paraph-sam")
    generate_key_pair(token, "bench", KeyType.EC_P256)
    services = TrustServices(directory / "authority", clock=FakeClock(SystemClock().now()))
    certificate = services.ca.issue(TokenSigningKey(token, "bench"))
    token.close()
    published, zone = settings.published(), settings.status_url()
    issuing, root = (
        load_pem_x509_certificate((published / f"{each}.pem").read_bytes()) for each in ("issuing", "root")
    )
    unit = load_pem_x509_certificate((settings.zone_dir("status") / TSU_CERTIFICATE).read_bytes())
    kind = {"Content-Type": "application/ocsp-request"}
    theirs = httpx.post(zone + addresses.OCSP, content=_query(unit, issuing), headers=kind, trust_env=False).content
    own = services.parts.answer(_query(certificate, services.issuing)).der
    lists = [folder / publication.ROOT_CRL for folder in (published, services.settings.published())]
    setup = {
        "softhsm_conf": str(directory / "softhsm2.conf"),
        "module": str(MODULE),
        "token": "paraph-sam",
        "pin": (directory / "pin").read_text().strip(),
        "key": "bench",
        "chain": [_hex(each) for each in (certificate, services.issuing)],
        "roots": [_hex(each) for each in (root, services.root)],
        "others": [_hex(each) for each in (issuing, services.issuing)],
        "ocsps": [each.hex() for each in (own, theirs)],
        "crls": [each.read_bytes().hex() for each in lists],
        "tsa": zone + addresses.TIME_STAMP,
    }
    written = directory / "pyhanko.json"
    written.write_text(json.dumps(setup))
    return str(written)


def _query(certificate: Certificate, issuer: Certificate) -> bytes:
    built = asked.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
    return built.public_bytes(Encoding.DER)


def _hex(certificate: Certificate) -> str:
    return certificate.public_bytes(Encoding.DER).hex()


def levels(
    directory: Path, instance: Instance, measure: Callable[..., dict[str, float]]
) -> dict[str, dict[str, float]]:
    """Return every measurement; `measure` runs work in as many processes as pyHanko gets."""
    setup = prepare(directory, instance.settings)
    results = {}
    for level in LEVELS:
        results[_name(API, level)] = _rate(timed(by_api, [(setup, level)] * PROCESSES, 6.0))
        results[_name(COMMAND, level)] = _rate(timed(by_command, [(setup, level)] * PROCESSES, 6.0))
        results[_name(ONE, level)] = measure(one_by_one, level)
        batched = measure(together, level)
        results[_name(TWENTY, level)] = {**batched, "rate": round(BATCH * batched["rate"], 1)}
    return results


def level_ratios(rate: dict[str, float]) -> dict[str, str]:
    """Return how many times as many documents a second we sign as pyHanko."""
    return {
        f"{_name(what, level)} / {slow}": f"{rate[_name(what, level)] / rate[_name(slow, level)]:.1f} times (aim 4)"
        for level in LEVELS
        for what in (ONE, TWENTY)
        for slow in (API, COMMAND)
    }


def _rate(latencies: list[list[float]]) -> dict[str, float]:
    busy = max(sum(each) for each in latencies)
    return {"rate": round(sum(len(each) for each in latencies) / busy, 1), **percentiles(latencies)}


def _name(what: str, level: str) -> str:
    return f"{what} 1 MB {level.removeprefix('AdES-')}"
