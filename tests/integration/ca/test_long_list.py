"""A revocation list with a hundred thousand entries: how long the next one takes, and in how much memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ENTRIES = 100_000
SECONDS = 2.0  # of the processor: what else this machine does at the time does not count
MEGABYTES = 200

# In a process of its own, as the zone is one: what a test runner has in memory is not counted.
MEASURED = """
import json, sys, time
from pathlib import Path
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from ca import audit, crl, tables
from tests.support.ca_bench import CaBench
from tests.support.software_hsm import SoftwareSigningKey
from core.algorithms import KeyType

state, entries = Path(sys.argv[1]), int(sys.argv[2])
keys = {name: SoftwareSigningKey(KeyType.RSA_4096) for name in ("root_key", "issuing_key")}
bench = CaBench(state, key="rsa-4096", **keys)
now = bench.clock.now()
extension = x509.Extension(x509.CRLReason.oid, False, x509.CRLReason(x509.ReasonFlags.superseded))
made = crl.build(
    bench.issuer, bench.issuing_key, number=2, this_update=now, next_update=now + crl.LIFE,
    entries=[
        x509.RevokedCertificateBuilder((1 << 158) + number, now.replace(tzinfo=None), [extension]).build()
        for number in range(entries)
    ],
)
der = made.public_bytes(Encoding.DER)
with bench.database.transaction() as connection:
    recorded = tables.RecordedCrl(2, now, now + crl.LIFE, 0, entries, audit.digest(der))
    tables.record_crl(connection, recorded, der)
bench.start()
serials = [f"{bench.issue().serial_number:x}" for _ in range(3)]
began = time.process_time()
told = [bench.admin.revoke(serial, "superseded").crl_number for serial in serials]
seconds = (time.process_time() - began) / len(serials)
published = crl.read((bench.settings.published() / "issuing.crl").read_bytes(), bench.issuer)
began = time.monotonic()
for _ in range(100):
    bench.authority._lists.issuing()
status = dict(line.split(":", 1) for line in open("/proc/self/status"))  # ru_maxrss would begin with the parent's
peak = int(status["VmHWM"].split()[0]) / 1024
print(json.dumps({"seconds": seconds, "entries": len(published), "numbers": told, "megabytes": peak,
                  "check": (time.monotonic() - began) / 100}))
"""


@pytest.mark.slow
def test_the_list_after_one_with_a_hundred_thousand_entries_takes_two_seconds_and_200_megabytes(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path / "state"), str(ENTRIES)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured["entries"] == ENTRIES + 3
    assert measured["numbers"] == [3, 4, 5]
    assert measured["seconds"] < SECONDS, measured
    assert measured["megabytes"] < MEGABYTES, measured
    assert measured["check"] < 0.005, measured  # what each issuance asks of the record, however long the list
