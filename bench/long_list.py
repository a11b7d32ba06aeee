"""A revocation list of very many entries: how long the next one takes and in how much memory, as JSON.

    python -m bench.long_list STATE ENTRIES

In a process of its own, as the zone is one, so that what a runner has in memory is not counted.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca import audit, crl, public_keys, publication, tables
from core.algorithms import KeyType
from tests.support.ca_bench import CaBench
from tests.support.software_hsm import SoftwareSigningKey

LISTS = 3
CHECKS = 100


def with_entries(state: Path, entries: int) -> CaBench:
    """Return an authority whose last list has so many entries."""
    keys = {name: SoftwareSigningKey(KeyType.RSA_4096) for name in ("root_key", "issuing_key")}
    bench = CaBench(state, key="rsa-4096", **keys)
    now = bench.clock.now()
    reason = x509.Extension(x509.CRLReason.oid, critical=False, value=x509.CRLReason(x509.ReasonFlags.superseded))
    revoked = [
        x509.RevokedCertificateBuilder((1 << 158) + number, now.replace(tzinfo=None), [reason]).build()
        for number in range(entries)
    ]
    ends = now + crl.LIFE
    made = crl.build(bench.issuer, bench.issuing_key, number=2, this_update=now, next_update=ends, entries=revoked)
    der, issuer = made.public_bytes(Encoding.DER), public_keys.identifier(bench.issuer.public_key)
    with bench.database.transaction() as connection:
        tables.record_crl(connection, tables.RecordedCrl(issuer, 2, now, ends, 0, entries, audit.digest(der)), der)
    bench.start()
    return bench


def main() -> None:
    """Measure: processor time of a revocation and its list, the peak of memory, and what an issuance asks of the list."""
    bench = with_entries(Path(sys.argv[1]), int(sys.argv[2]))
    serials = [f"{bench.issue().serial_number:x}" for _ in range(LISTS)]
    began = time.process_time()
    numbers = [bench.admin.revoke(serial, "superseded").crl_number for serial in serials]
    seconds = (time.process_time() - began) / LISTS
    published = crl.read((bench.settings.published() / publication.issuing_crl(1)).read_bytes(), bench.issuer)
    began = time.monotonic()
    for _ in range(CHECKS):
        bench.authority._lists.issuing()  # noqa: SLF001  # the part of the zone that is measured
    check = (time.monotonic() - began) / CHECKS
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) / 1024  # ru_maxrss would begin with the parent's
    found = {"seconds": seconds, "entries": len(published), "numbers": numbers, "megabytes": peak, "check": check}
    print(json.dumps(found))  # what it is for


if __name__ == "__main__":
    main()
