"""What the running zones do over HTTP: signatures, whole authorisations, documents, and their memory."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench import engine, population, token
from bench.fresh_days import fresh_day
from bench.processes import percentiles, timed
from bench.samples import SIZES, pdf_of
from bench.service import PSS_OID, Citizen, Flow, Portal, enrol, register_portal
from core.algorithms import KeyType
from tests.support.instance import Instance, make_instance

PROCESSES = 2
_TICKS = os.sysconf("SC_CLK_TCK")
CITIZENS = 60  # for each process
FEW, MANY = (f"signHash, {count:,} credentials" for count in (population.FEW, population.MANY))


def sign_hash(portal: Portal, citizens: list[Citizen], count: int, algorithm: str) -> Callable[[], Any]:
    """Return one signHash of `count` digests with an authorization made beforehand."""
    flow = Flow(portal)
    ready = []
    for citizen in citizens:
        digests = [hashlib.sha256(f"{citizen.account} {number}".encode()).digest() for number in range(count)]
        ready.append((flow.authorise(citizen, digests, "dtbsr"), citizen, digests))
    waiting = iter(ready)
    return lambda: flow.sign_hash(*next(waiting), algorithm)


def whole(portal: Portal, citizens: list[Citizen]) -> Callable[[], Any]:
    """Return pushed request, page, code, token and signature, for another citizen each time."""
    flow = Flow(portal)
    waiting = iter(citizens)

    def once() -> None:
        citizen = next(waiting)
        digests = [hashlib.sha256(citizen.account.encode()).digest()]
        flow.sign_hash(flow.authorise(citizen, digests, "dtbsr"), citizen, digests)

    return once


def sign_doc(portal: Portal, citizens: list[Citizen], size: int) -> Callable[[], Any]:
    """Return one signDoc B-B, twenty documents to an authorization made beforehand."""
    flow = Flow(portal)
    document = pdf_of(size)
    ready = []
    for citizen in citizens[: 1 if size > 5_000_000 else 3]:
        documents = [document + b"%" + str(number).encode() + b"\n" for number in range(20)]
        token = flow.authorise(citizen, [hashlib.sha256(each).digest() for each in documents], "sodr")
        ready += [(token, citizen, each) for each in documents]
    waiting = iter(ready)
    return lambda: flow.sign_doc(*next(waiting))


class Zones:
    """A running instance and its citizens."""

    def __init__(self) -> None:
        self.instance: Instance = make_instance("web.signatory_requests_a_minute=1000000")  # one citizen signs for many
        self.settings = self.instance.settings
        self.portal = register_portal(self.settings)
        self.people = enrol(self.settings, self.portal, PROCESSES * CITIZENS)

    def measure(
        self, work: Callable[..., Callable[[], Any]], *more: Any, people: list[Citizen] | None = None
    ) -> dict[str, float]:
        """Return rate and percentiles of one kind of work over both processes, and what it costs each zone.

        `cpu sam`: milliseconds of processor that the zone `sam` spent on one piece of work. Where the machine is busy
        with other things, these say more than the rate.
        """
        fresh_day(self.settings)
        everyone = people or self.people
        shares = [everyone[number::PROCESSES] for number in range(PROCESSES)]
        before: dict[str, float] = {}
        arguments = [(self.portal, share, *more) for share in shares]
        latencies = timed(work, arguments, 8.0, begun=lambda: before.update(self.processor()))
        count, busy = sum(len(each) for each in latencies), max(sum(each) for each in latencies)
        spent = {zone: round(1000 * (now - before[zone]) / count, 1) for zone, now in self.processor().items()}
        costs = {f"cpu {zone}": each for zone, each in sorted(spent.items()) if each >= 0.1}
        return {"rate": round(count / busy, 1), **percentiles(latencies), **costs}

    def processor(self) -> dict[str, float]:
        """Return the seconds of processor that each zone has spent so far."""
        spent: dict[str, float] = {}
        for zone, process in self._processes():
            fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
            spent[zone] = spent.get(zone, 0.0) + (int(fields[11]) + int(fields[12])) / _TICKS
        return spent

    def _processes(self) -> list[tuple[str, Path]]:
        """Return the processes of the zones: whose, and where /proc tells of it."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                line = path.read_bytes().decode(errors="replace").replace("\0", " ")
                zone = re.search(r"-m apps\.(\w+) ", line)
                if zone and str(self.instance.state) in line:
                    found.append((zone[1], path.parent))
        return found

    def rsa_people(self, count: int = 12) -> list[Citizen]:
        """Return citizens with RSA-3072 keys."""
        return enrol(self.settings, self.portal, count, "rsa-3072", prefix="6")

    def crowded(self) -> tuple[dict[str, dict[str, float]], str]:
        """Return signHash with few credentials and with many, and the token's objects then, as "before, after"."""
        few = enrol(self.settings, self.portal, population.FEW, prefix="5")
        objects = population.objects_on_token(self.settings)
        results = {FEW: population.signing_times(self.settings, self.portal, few, PROCESSES)}
        seeded = population.seed(self.settings, few[0], population.MANY)
        results[MANY] = population.signing_times(self.settings, self.portal, seeded, PROCESSES)
        return results, f"{objects}, {population.objects_on_token(self.settings)}"

    def memory(self) -> dict[str, int]:
        """Return the peak resident memory of each zone's largest process, in MB."""
        peaks: dict[str, int] = {}
        for zone, process in self._processes():
            peak = re.search(r"VmHWM:\s+(\d+)", (process / "status").read_text())
            if peak:
                peaks[zone] = max(peaks.get(zone, 0), int(peak[1]) // 1024)
        return peaks

    def close(self) -> None:
        """Stop everything."""
        self.instance.remove()


def http(zones: Zones, directory: Path) -> dict[str, dict[str, float]]:
    """Return every measurement over HTTP, each right after what it is compared with, on the token in `directory`."""
    ecdsa = "1.2.840.10045.4.3.2"
    rsa = zones.rsa_people()
    results = {"signHash, 1 digest, P-256": zones.measure(sign_hash, 1, ecdsa)}
    results |= bare(directory, KeyType.EC_P256)
    results["signHash, 32 digests, P-256"] = zones.measure(sign_hash, 32, ecdsa)
    results |= bare(directory, KeyType.RSA_3072)
    results["signHash, 32 digests, RSA-3072"] = zones.measure(sign_hash, 32, PSS_OID, people=rsa)
    results["whole authorised signature, P-256"] = zones.measure(whole)
    for name, size in SIZES.items():
        results |= stock(directory, name)
        results[f"signDoc {name} over HTTP"] = zones.measure(sign_doc, size)
    return results


def bare(directory: Path, kind: KeyType) -> dict[str, dict[str, float]]:
    """Return C_Sign alone, over as many processes as the zones have."""
    name = {KeyType.EC_P256: "P-256", KeyType.RSA_3072: "RSA-3072"}[kind]
    return {f"raw C_Sign {name}": {"rate": token.raw_rate(directory, kind, PROCESSES)}}


def stock(directory: Path, name: str) -> dict[str, dict[str, float]]:
    """Return pyHanko's own `sign_pdf` with the same token, over as many processes as the zones have."""
    latencies = timed(engine.stock, [(str(directory), SIZES[name])] * PROCESSES, 4.0)
    busy = max(sum(each) for each in latencies)
    rate = round(sum(len(each) for each in latencies) / busy, 1)
    return {f"pyHanko sign_pdf {name}, beside HTTP": {"rate": rate, **percentiles(latencies)}}
