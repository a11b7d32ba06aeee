"""What the authority does a second: certificates against the bare signatures of its key, and a list of 100,000 entries.

RSA-4096 keys on a SoftHSM token, a real database, every check and every record. The zone is one process, so one process
is measured: the same code with and without its socket, beside C_Sign alone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from apps.ca import TOKEN_LABEL, open_installed
from apps.supervisor import zone_command
from bench.processes import percentiles, timed
from ca.client import CaClient
from ca.protocol import CA, IssueCertificate, IssuedCertificate
from ca.server import SAM_ATTESTATION_KEY
from channel.client import Channel
from core.algorithms import KeyType, SignatureAlgorithm
from core.clock import SystemClock
from core.config import Settings
from core.errors import Unavailable
from hsm.keys import TokenSigningKey
from hsm.mechanisms import RECIPES
from hsm.session import Token
from tests.support.ca_bench import attestation, request_of
from tests.support.instance import make_instance
from tests.support.software_hsm import SoftwareSigningKey

SECONDS = 8.0
CLIENTS = 2  # of the running zone: it never waits for one
CERTIFICATES = 3000  # attested keys made beforehand: more than are issued in that time
ENTRIES = 100_000
RAW, INSIDE, OUTSIDE = "raw C_Sign RSA-4096, one process", "certificate in process", "certificate over the socket"
LIST = f"list of {ENTRIES:,} entries"


def raw(settings: Settings) -> Callable[[], Any]:
    """Return C_Sign with the issuing key."""
    key = TokenSigningKey(Token(settings.zone_dir("ca"), Path(settings.ca.module), TOKEN_LABEL), "issuing")
    assert key.public_key_der
    recipe = RECIPES[SignatureAlgorithm.RSA_PKCS1_SHA256]
    block = recipe.prefix + bytes(32)
    named = {"mechanism": recipe.mechanism, "mechanism_param": recipe.parameter, "buffer_size": 512}
    return lambda: key._handle.sign(block, **named)  # noqa: SLF001  # the bound is the bare call


def in_process(settings: Settings, orders: list[IssueCertificate]) -> Callable[[], Any]:
    """Return one certificate, by the zone's own code."""
    authority, waiting = open_installed(settings).authority, iter(orders)
    return lambda: authority.issue(next(waiting))


def over_socket(settings: Settings, orders: list[IssueCertificate]) -> Callable[[], Any]:
    """Return one certificate, asked of the running zone."""
    channel, waiting = Channel(CA, settings.socket("ca")), iter(orders)
    return lambda: channel.call(next(waiting), IssuedCertificate)


def authority() -> dict[str, dict[str, float]]:
    """Return every measurement."""
    instance = make_instance("ca.key=rsa-4096", start=False)
    try:
        settings = instance.settings
        orders = _ordered(settings)
        before = _measure(raw, (settings,))
        results = {RAW: before, INSIDE: _measure(in_process, (settings, orders[:CERTIFICATES]))}
        zone = subprocess.Popen(
            zone_command(instance.installation, "ca"), start_new_session=True, stderr=subprocess.DEVNULL
        )
        try:
            _wait(settings)
            rest = orders[CERTIFICATES:]
            results[OUTSIDE] = _measure(over_socket, *((settings, rest[part::CLIENTS]) for part in range(CLIENTS)))
        finally:
            os.killpg(zone.pid, signal.SIGKILL)
            zone.wait()
        results[RAW]["rate"] = round((before["rate"] + _measure(raw, (settings,))["rate"]) / 2, 1)  # a shared machine
    finally:
        instance.remove()
    return results | {LIST: _long_list()}


def authority_ratios(results: dict[str, dict[str, float]]) -> dict[str, str]:
    """Return the ratios that the aims speak of."""
    bare, made = results[RAW]["rate"], results[LIST]
    return {
        "certificates, RSA-4096, in process / raw C_Sign": f"{results[INSIDE]['rate'] / bare:.0%} (aim 60 %)",
        "certificates, RSA-4096, over the socket / raw C_Sign": f"{results[OUTSIDE]['rate'] / bare:.0%} (aim 60 %)",
        f"{LIST}, read, built and signed": f"{made['seconds']:.2f} s, {made['megabytes']:.0f} MB (aim 2 s, 200 MB)",
    }


def _ordered(settings: Settings) -> list[IssueCertificate]:
    """Return what is asked for new keys, in the words of a SAM that the authority believes from now on."""
    sam_key = SoftwareSigningKey(KeyType.EC_P256)
    public = load_der_public_key(sam_key.public_key_der)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (settings.zone_dir("ca") / SAM_ATTESTATION_KEY).write_bytes(pem)
    return [_order(sam_key, f"c-{number}") for number in range(2 * CERTIFICATES)]


def _order(sam_key: SoftwareSigningKey, credential: str) -> IssueCertificate:
    key, now = SoftwareSigningKey(KeyType.EC_P256), SystemClock().now()
    word = attestation(sam_key, key.public_key_der, credential, proofed_at=now, approved_at=now)
    return IssueCertificate(word, request_of(key.private_key))


def _measure(work: Callable[..., Callable[[], Any]], *clients: tuple[Any, ...]) -> dict[str, float]:
    latencies = timed(work, list(clients), SECONDS)
    busy = max(sum(each) for each in latencies)
    return {"rate": round(sum(len(each) for each in latencies) / busy, 1), **percentiles(latencies)}


def _wait(settings: Settings) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            return CaClient(Channel(CA, settings.socket("ca"))).check()
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _long_list() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.long_list", f"{folder}/state", str(ENTRIES)]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
