"""`make bench`: every measurement in one run, as rates and ratios, for people and as JSON in bench/results/.

    python -m bench [service] [levels] [status] [authority]

Without a name, everything. Ratios are of one run: rates alone say more about the machine than about the program.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import engine
from bench.authority import authority, authority_ratios
from bench.levels import level_ratios, levels
from bench.processes import percentiles, timed
from bench.samples import SIZES
from bench.status import status, status_ratios
from bench.zones import FEW, MANY, PROCESSES, Zones, bare, http
from core.algorithms import KeyType
from core.clock import SystemClock
from tests.support.instance import make_instance
from tests.support.tokens import sam_token

Results = dict[str, dict[str, float]]
Section = tuple[Results, dict[str, str]]  # what was measured, and the ratios that the aims speak of


def in_process(directory: str) -> Results:
    """Return floor, our engine and pyHanko's `sign_pdf`, for each size, in as many processes."""
    results = {}
    for name, size in SIZES.items():
        for what, work in (("floor", engine.floor), ("engine", engine.engine), ("pyHanko sign_pdf", engine.stock)):
            latencies = timed(work, [(directory, size)] * PROCESSES, 4.0)
            busy = max(sum(each) for each in latencies)
            results[f"{what} {name}"] = {
                "rate": round(sum(len(each) for each in latencies) / busy, 1),
                **percentiles(latencies),
            }
    return results


def service() -> Section:
    """Measure signatures: in one process, over HTTP, and with many credentials."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "token"
        sam_token(directory)
        results = in_process(str(directory))
        zones = Zones()
        try:
            results |= http(zones, directory)
            crowded, objects = zones.crowded()
            memory = ", ".join(f"{zone} {peak}" for zone, peak in sorted(zones.memory().items()))
        finally:
            zones.close()
    results |= crowded
    return results, service_ratios(results, objects) | {"peak memory of a process, MB": memory}


def service_ratios(results: Results, objects: str) -> dict[str, str]:
    """Return the ratios that the aims speak of, each beside its aim."""
    rate = {name: values.get("rate", 0.0) for name, values in results.items()}
    middle = {name: values.get("p50", 0.0) for name, values in results.items()}
    rsa = 32 * rate["signHash, 32 digests, RSA-3072"] / rate["raw C_Sign RSA-3072"]
    p256 = 32 * rate["signHash, 32 digests, P-256"] / rate["raw C_Sign P-256"]
    return {
        "signHash 32 x RSA-3072 / raw C_Sign": f"{rsa:.0%} (aim 80 %)",
        "signHash 32 x P-256 / raw C_Sign": f"{p256:.0%} (aim 35 %)",
        "whole authorised signatures a second": f"{rate['whole authorised signature, P-256']:.0f} (aim 100)",
        "engine 1 MB / floor": f"{middle['engine 1 MB'] / middle['floor 1 MB']:.1f} times (aim at most 4)",
        "engine 1 MB against pyHanko": f"{rate['engine 1 MB'] / rate['pyHanko sign_pdf 1 MB']:.1f} times as fast (aim 6)",
        "signDoc 1 MB over HTTP against pyHanko": (
            f"{rate['signDoc 1 MB over HTTP'] / rate['pyHanko sign_pdf 1 MB, beside HTTP']:.2f} times (aim 1.5)"
        ),
        "p95 of signHash, 100,000 credentials / 10": (
            f"{results[MANY]['p95'] / results[FEW]['p95']:.2f} (aim at most 1.1); objects on the token: {objects}"
        ),
    }


def documents() -> Section:
    """Measure documents at levels B-T and B-LT."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "token"
        sam_token(directory)
        zones = Zones()
        try:
            results = levels(directory, zones.instance, zones.measure)
        finally:
            zones.close()
    return results, level_ratios({name: values["rate"] for name, values in results.items()})


def answers() -> Section:
    """Measure OCSP answers and time-stamps."""
    with tempfile.TemporaryDirectory() as folder:
        sam_token(Path(folder) / "token")
        results = bare(Path(folder) / "token", KeyType.EC_P256)
    instance = make_instance()
    try:
        results |= status(instance)
    finally:
        instance.remove()
    return results, status_ratios({name: values["rate"] for name, values in results.items()})


def certificates() -> Section:
    """Measure certificates and a long list."""
    results = authority()
    return results, authority_ratios(results)


SECTIONS: dict[str, Callable[[], Section]] = {
    "service": service,
    "levels": documents,
    "status": answers,
    "authority": certificates,
}


def main(wanted: list[str]) -> None:
    """Measure, print, write JSON."""
    results: Results = {}
    ratios: dict[str, str] = {}
    for name in wanted or SECTIONS:
        measured, told = SECTIONS[name]()
        results |= measured
        ratios |= told
    console = Console()
    table = Table("measure", "a second", "p50 ms", "p95 ms", "p99 ms", "processor ms of each zone")
    for name, values in results.items():
        told = (f"{values[key]:,.1f}" if key in values else "" for key in ("rate", "p50", "p95", "p99"))
        costs = ", ".join(f"{key[4:]} {value}" for key, value in values.items() if key.startswith("cpu "))
        table.add_row(name, *told, costs)
    console.print(table)
    for name, text in ratios.items():
        console.print(f"  {name:55} {text}", soft_wrap=True)
    found = {"results": results, "ratios": ratios, "load": os.getloadavg()[0]}
    written = Path("bench/results") / f"{SystemClock().now():%Y-%m-%dT%H%M}.json"
    written.parent.mkdir(exist_ok=True)
    written.write_text(json.dumps(found, indent=2) + "\n")
    console.print(f"  written to {written}; load {found['load']:.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
