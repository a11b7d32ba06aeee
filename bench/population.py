"""Does a signature take longer when there are 100,000 credentials? And does the token hold more objects for them?"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace

from bench.fresh_days import fresh_day, sam_database
from bench.processes import percentiles, timed
from bench.service import Citizen, Flow, Portal
from core.clock import SystemClock
from core.config import Settings
from signer.sam.records import CredentialRecord, CredentialRecords

FEW = 10
MANY = 100_000
_ROUNDS = 5  # of five codes for each person: what a day allows
_BATCH = 1_000


def sign_one(portal: Portal, citizens: list[Citizen]) -> Callable[[], float]:
    """Return one authorization and its signature; only the call of signHash is timed."""
    flow = Flow(portal)
    waiting = iter([citizen for _ in range(5) for citizen in citizens])

    def once() -> float:
        citizen = next(waiting)
        digests = [hashlib.sha256(f"{citizen.account} {time.perf_counter_ns()}".encode()).digest()]
        token = flow.authorise(citizen, digests, "dtbsr")
        begun = time.perf_counter()
        flow.sign_hash(token, citizen, digests)
        return time.perf_counter() - begun

    return once


def seed(settings: Settings, like: Citizen, count: int) -> list[Citizen]:
    """Put `count` sealed credentials like one that there is into the SAM's database; return ten of them, spread out.

    They share a wrapped key, which a row holds like any other: 100,000 keys would take minutes to make.
    """
    with sam_database(settings) as (database, seals):
        records = CredentialRecords(seals)
        with database.reading() as connection:
            pattern = records.find(connection, like.credential)
        for start in range(0, count, _BATCH):
            with database.transaction() as connection:
                for number in range(start, start + _BATCH):
                    records.add(connection, _another(pattern, number))
    chosen = [_another(pattern, number) for number in range(0, count, count // FEW)]
    return [Citizen(each.account, each.credential, each.phone) for each in chosen]


def _another(pattern: CredentialRecord, number: int) -> CredentialRecord:
    return replace(
        pattern,
        credential=f"{pattern.credential}-{number}",
        signatory=f"{pattern.signatory}-{number}",
        subject_serial=f"PNORO-9{number:012}",
        phone=f"+4079{number:08}",
        account=f"seeded-{number}",
        created_at=SystemClock().now(),
    )


def objects_on_token(settings: Settings) -> int:
    """Return how many objects the SAM's token holds."""
    return len(list((settings.zone_dir("sam") / "tokens").glob("*/*.object")))


def signing_times(settings: Settings, portal: Portal, citizens: list[Citizen], processes: int) -> dict[str, float]:
    """Return percentiles of signHash alone."""
    found: list[list[float]] = []
    for _ in range(_ROUNDS):
        fresh_day(settings)
        found += timed(sign_one, [(portal, citizens[number::processes]) for number in range(processes)], 60.0)
    return percentiles(found)
