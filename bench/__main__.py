"""`make bench`: every measurement in one run, as rates and ratios, for people and as JSON in bench/results/."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import engine, token
from bench.levels import level_ratios, levels
from bench.processes import percentiles, timed
from bench.samples import SIZES
from bench.status import status, status_ratios
from bench.zones import FEW, MANY, PROCESSES, Zones, http
from core.algorithms import KeyType
from core.clock import SystemClock
from tests.support.tokens import sam_token


def in_process(directory: str) -> dict[str, dict[str, float]]:
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


def ratios(results: dict[str, dict[str, float]], objects: str) -> dict[str, str]:
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
            f"{rate['signDoc 1 MB over HTTP'] / rate['pyHanko sign_pdf 1 MB']:.2f} times (aim 1.5)"
        ),
        **level_ratios(rate),
        **status_ratios(rate),
        "p95 of signHash, 100,000 credentials / 10": (
            f"{results[MANY]['p95'] / results[FEW]['p95']:.2f} (aim at most 1.1); objects on the token: {objects}"
        ),
    }


def main() -> None:
    """Measure, print, write JSON."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "token"
        sam_token(directory)
        results = {
            "raw C_Sign P-256": {"rate": token.raw_rate(directory, KeyType.EC_P256, PROCESSES)},
            "raw C_Sign RSA-3072": {"rate": token.raw_rate(directory, KeyType.RSA_3072, PROCESSES)},
            **in_process(str(directory)),
        }
        zones = Zones()
        try:
            results |= http(zones)
            results |= levels(directory, zones.instance, zones.measure)
            results |= status(zones.instance)
            crowded, objects = zones.crowded()
            results |= crowded
            memory = zones.memory()
        finally:
            zones.close()
    found = {
        "results": results,
        "ratios": ratios(results, objects),
        "peak memory, MB": memory,
        "load": os.getloadavg()[0],
    }
    table = Table("measure", "a second", "p50 ms", "p95 ms", "p99 ms")
    for name, values in results.items():
        table.add_row(name, *(f"{values[key]:,.1f}" if key in values else "" for key in ("rate", "p50", "p95", "p99")))
    console.print(table)
    for name, text in found["ratios"].items():  # type: ignore[attr-defined]  # a dictionary of texts
        console.print(f"  {name:45} {text}")
    console.print("  peak memory, MB: " + ", ".join(f"{zone} {peak}" for zone, peak in sorted(memory.items())))
    written = Path("bench/results") / f"{SystemClock().now():%Y-%m-%dT%H%M}.json"
    written.parent.mkdir(exist_ok=True)
    written.write_text(json.dumps(found, indent=2) + "\n")
    console.print(f"  written to {written}")


if __name__ == "__main__":
    main()
