"""One more process of the `web` zone, each with a SAM of its own, on the databases of a bench: for real races.

Functions here run in processes made by `spawn`, so what they take can be pickled.
"""

from __future__ import annotations

import multiprocessing
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.app import create_app
from api.deps import Deps
from api.keys import WebKeys
from ca.client import CaClient
from core.clock import SystemClock
from core.entropy import SystemEntropy
from core.secret import Secret
from core.time_stamp import TimeStampTrust
from hsm.session import Token
from signer.own_revocation import OwnRevocationService
from signer.sam.client import SamClient
from signer.sam.issuers import Issuers
from signer.sam.policy import Policy
from signer.sam.protocol import SAM
from signer.sam.server import Sam, SamSettings
from signer.service import SigningService
from storage.engine import Database
from storage.marks import Marks
from tests.support.in_process import US, InProcess
from tests.support.sam_bench import POLICY, Phone, software_keys
from tests.support.tokens import MODULE, sam_keys
from tests.support.web_bench import HostClient, OrderedCa, WebBench, settings_for


@dataclass(frozen=True)
class Place:
    """Where the databases and the token of a bench are. Without a token, keys are in memory: MACs fit, no key signs."""

    folder: Path
    origin: str
    token: Path | None

    @classmethod
    def of(cls, web: WebBench, token: Token | None = None) -> Place:
        directory = None if token is None else token._directory
        return cls(web.bench.folder.parent, web.origin, directory)


@dataclass(frozen=True)
class Call:
    """One HTTP request; a mapping as `json` or as a form."""

    path: str
    headers: dict[str, str]
    form: dict[str, str] | None = None
    json: dict | None = None


def http_client(place: Place) -> HostClient:
    """Return a client of an application of this process."""
    clock, entropy = SystemClock(), SystemEntropy()
    sam = SamClient(InProcess(SAM, _sam(place, clock, entropy).server(US)))
    signing = SigningService(sam, None, None, None)
    web_keys = WebKeys(Secret(bytes(range(32))))
    revocation = OwnRevocationService(sam, CaClient(OrderedCa()))
    database = Database(place.folder / "web.sqlite")
    counters = Database(place.folder / "limits.sqlite", durable=False)
    deps = Deps(sam, signing, revocation, database, counters, web_keys, clock, entropy, check=sam.check)
    return HostClient(create_app(settings_for(place.origin), deps), place.origin)


def _sam(place: Place, clock: SystemClock, entropy: SystemEntropy) -> Sam:
    keys = software_keys() if place.token is None else sam_keys(Token(place.token, MODULE, "paraph-sam"))
    folder = place.folder / "sam"
    settings = SamSettings(
        policy=Policy(**(POLICY | {"audience": place.origin})),
        sms_sender="Paraph",
        sms_host="semnare.example.com",
        help_phone="021 000 00 00",
        language="ro",
        honest_error_rate=0.05,
        verdict_key=Ed25519PrivateKey.generate().public_key(),
        issuers=Issuers(folder),
        time_stamps=TimeStampTrust((), frozenset({"1.3.6.1.4.1.99999.1.2.1"})),
        checkpoints=folder / "checkpoints.jsonl",
    )
    return Sam(
        Database(folder / "sam.sqlite"),
        keys,
        Phone(),
        settings,
        marks=Marks(folder / "marks.sqlite"),
        clock=clock,
        entropy=entropy,
    )


def _send(http: HostClient, call: Call) -> tuple[int, dict]:
    answer = http.post(call.path, headers=call.headers, data=call.form, json=call.json)
    return answer.status_code, answer.json


def worker(place: Place, barrier, calls, results, threads: int) -> None:
    """Send each list of calls that comes, at the same moment as the other processes; None ends it.

    With several threads, so many calls of the list are under way at once. A token allows one thread.
    """
    http = http_client(place)
    while (round_ := calls.get()) is not None:
        answers: list[tuple[int, dict]] = []
        barrier.wait()
        if threads == 1 or not round_:
            answers = [_send(http, call) for call in round_]
        else:
            at_once = threading.Barrier(len(round_))
            crew = [threading.Thread(target=_one, args=(http, call, at_once, answers)) for call in round_]
            for each in crew:
                each.start()
            for each in crew:
                each.join()
        results.put(answers)


def _one(http: HostClient, call: Call, at_once: threading.Barrier, answers: list) -> None:
    at_once.wait()
    answers.append(_send(http, call))


class WebProcesses:
    """Several such processes, kept for as many rounds as a test wants."""

    def __init__(self, place: Place, count: int = 4, threads: int = 1) -> None:
        context = multiprocessing.get_context("spawn")
        self._barrier, self._results = context.Barrier(count), context.Queue()  # kept: the children open them by name
        self._calls = [context.Queue() for _ in range(count)]
        self._processes = [
            context.Process(target=worker, args=(place, self._barrier, calls, self._results, threads), daemon=True)
            for calls in self._calls
        ]

    def __enter__(self) -> Self:
        for process in self._processes:
            process.start()
        self.send([])  # all are there before anything that has a life of minutes is made
        return self

    def __exit__(self, *_: object) -> None:
        for calls in self._calls:
            calls.put(None)
        for process in self._processes:
            process.join(30)
        for process in self._processes:
            if process.is_alive():
                process.kill()

    def send(self, calls: list[Call]) -> list[tuple[int, dict]]:
        """Send calls at once, dealt out to the processes; return status and JSON of each answer, in no order."""
        for number, queue in enumerate(self._calls):
            queue.put(calls[number :: len(self._calls)])
        return [answer for _ in self._processes for answer in self._results.get(timeout=120)]
