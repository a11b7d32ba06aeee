"""`make demo`: one filing, driven as a citizen's browser would, from signing in to signed files that others verify.

Everything happens over HTTP: pages, forms, cookies, redirects; the code is read from the development phone's page. The
instance is made anew under var/demo and ended again; its files stay to be looked at.
"""

from __future__ import annotations

import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from apps import status_witnesses, words
from apps.archive import Archive
from apps.development import provision
from apps.health import wait_until_healthy
from apps.init import initialise
from apps.installation import DEFAULT_CONFIG, ROOT, Installation
from apps.journey import Journey, Report, Signed
from apps.judges import Trust, Verdict, judge, signatory_pem
from apps.ports import own_ports
from apps.run import Stopped, zones_of
from apps.supervisor import Supervisor, refuse_a_second
from core.clock import SystemClock
from core.config import BadSettings, Settings
from core.entropy import SystemEntropy

if TYPE_CHECKING:
    from types import FrameType

FOLDER: Final = ROOT / "var" / "demo"
SAMPLES: Final = ROOT / "samples"
DOCUMENTS: Final = 3
_START_SECONDS: Final = 120.0
_LEVEL: Final = (
    "portal.level=AdES-B-T"  # nothing follows the signature, so it covers the whole file; one is archived after
)


def main() -> None:
    """Run the demonstration; exit 0 only if every file was signed and every judge finds it good."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        good = demonstrate(sorted(SAMPLES.glob("*.pdf"))[:DOCUMENTS], FOLDER)
    except Stopped:
        sys.exit(130)
    except words.EXPECTED as error:
        sys.exit(f"The demonstration failed: {words.plain(error)}\nLogs are in {FOLDER}")
    sys.exit(0 if good else 1)


def demonstrate(originals: list[Path], folder: Path) -> bool:
    """Sign the documents in a new instance under `folder`; return whether every verdict is good."""
    report = Report()
    refuse_a_second(folder / "state" / "run" / "supervisord.pid")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    installation = _installation(folder)
    settings = installation.settings()
    report.step(f"Making a throw-away installation in {settings.state_dir}: every key and secret is new")
    initialise(settings, lambda _text: None)
    supervisor = Supervisor(installation, zones_of(settings))
    try:
        supervisor.start()
        report.step("Starting the zones, each a process of its own: " + ", ".join(zones_of(settings)))
        wait_until_healthy(settings, zones_of(settings), _START_SECONDS, lambda: supervisor.alive)
        citizen = provision(settings)
        report.step(f"Registered the portal; enrolled {citizen.name}: key in the HSM, certificate for three months")
        documents = Journey(settings, citizen, report).run(originals, folder)
        documents.append(_archive(documents[0], settings, folder, report))
        good = _verify(documents, settings, folder, report)
        good = _ask_status(documents, settings, folder, report) and good
    finally:
        supervisor.stop()
    report.say(f"\nAll of it took {report.seconds():.0f} seconds. Everything is in {_short(folder)}/.")
    report.say("What next: `make run` serves the portal for your own browser.")
    (folder / "report.txt").write_text("\n".join(report.lines) + "\n", encoding="utf-8")
    return good


def _archive(document: Signed, settings: Settings, folder: Path, report: Report) -> Signed:
    """Return the first document again, raised to the level that outlives its certificates."""
    report.step("Archiving the first of them: validation data, and a time-stamp over all of it, level B-LTA")
    archived = folder / "signed-lta.pdf"
    archive = Archive(settings, SystemClock(), SystemEntropy())
    archived.write_bytes(archive.archived(document.signed.read_bytes()))
    return Signed(document.number, document.original, archived)


def _verify(documents: list[Signed], settings: Settings, folder: Path, report: Report) -> bool:
    report.step("Asking independent judges, who are given the root certificate and nothing else to trust")
    (folder / "signatory.pem").write_bytes(signatory_pem(documents[0].signed))
    trust = _trust(settings, folder)
    good = True
    for document in documents:
        report.say(f"\n    {document.signed.name}, made from a PDF of {_producer(document)}")
        began = report.seconds()
        for verdict in judge(document.signed, document.original, trust):
            report.say(f"      {_mark(verdict)} {verdict.judge:<13} {verdict.words}")
            good = good and verdict.good
        report.say(f"      validated in {report.seconds() - began:.1f} seconds")
    return good


def _ask_status(documents: list[Signed], settings: Settings, folder: Path, report: Report) -> bool:
    report.say("")
    report.step("Asking the status zone as a relying party would: revocation list, OCSP, a time-stamp")
    verdicts = status_witnesses.fetch(settings, folder, documents[0].signed, SystemEntropy())
    for verdict in verdicts:
        report.say(f"      {_mark(verdict)} {verdict.judge:<13} {verdict.words}")
    return all(verdict.good for verdict in verdicts)


def _trust(settings: Settings, folder: Path) -> Trust:
    for name in ("root", "issuing"):
        shutil.copyfile(settings.published() / f"{name}.pem", folder / f"{name}.pem")
    return Trust(folder / "root.pem", folder / "issuing.pem")


def _producer(document: Signed) -> str:
    found = re.search(rb"/Producer ?\(([^)]{3,60})\)", document.original.read_bytes())
    return found[1].decode("latin-1") if found else "a producer that is not named"


def _mark(verdict: Verdict) -> str:
    return "✓" if verdict.good else "✗"


def _installation(folder: Path) -> Installation:
    """Return an installation on ports of its own, so that it never meets one that runs already."""
    laid_over = (*own_ports(), _LEVEL)
    installation = Installation(DEFAULT_CONFIG, folder / "state", laid_over)
    try:
        installation.settings()
    except BadSettings:  # the checkout's path is too long for a unix socket
        state = Path(tempfile.mkdtemp(prefix="paraph-demo-"))
        (folder / "state").symlink_to(state)
        installation = Installation(DEFAULT_CONFIG, state / "s", laid_over)
        installation.settings()
    return installation


def _short(folder: Path) -> Path:
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


if __name__ == "__main__":
    main()
