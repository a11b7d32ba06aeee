"""`make demo` as it stands: what it does, what it says, what it leaves behind, and that its judges can say no."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from apps.demo import DOCUMENTS, SAMPLES, demonstrate
from apps.judges import Trust, judge
from tests.support.signed_pdfs import Opinion, pdfsig, qpdf_check

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("zones")]
SIGNED = [f"signed-{number}.pdf" for number in range(1, DOCUMENTS + 1)]
ORIGINAL = [f"original-{number}.pdf" for number in range(1, DOCUMENTS + 1)]
ARCHIVED = "signed-lta.pdf"  # the first one again, at level B-LTA


@pytest.fixture(scope="module")
def folder():
    """What one run of the demonstration left."""
    place = Path(tempfile.mkdtemp(prefix="paraph-", dir="/tmp")) / "demo"  # a unix socket's path must be short
    assert demonstrate(sorted(SAMPLES.glob("*.pdf"))[:DOCUMENTS], place)
    yield place
    shutil.rmtree(place.parent)


def test_it_leaves_what_it_promises_and_no_process(folder):
    for name in (*SIGNED, *ORIGINAL, ARCHIVED, "root.pem", "issuing.pem", "signatory.pem", "report.txt"):
        assert (folder / name).stat().st_size > 100, name
    running = subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True, check=False)
    assert running.stdout == ""


def test_it_tells_each_step_each_verdict_how_long_it_took_and_what_next(folder):
    report = (folder / "report.txt").read_text(encoding="utf-8").splitlines()
    steps = [line for line in report if line[:3].strip(" .").isdigit()]
    assert [int(line[:2]) for line in steps] == list(range(1, len(steps) + 1))
    assert len(steps) > 8
    assert sum("✓" in line for line in report) >= 5 * (DOCUMENTS + 1)
    assert not [line for line in report if "✗" in line]
    assert sum("validated in " in line for line in report) == DOCUMENTS + 1
    assert sum(line.endswith("PAdES-B-T") for line in report) == DOCUMENTS
    assert sum("the total document is signed" in line for line in report) == DOCUMENTS
    assert sum("PAdES-B-LTA," in line for line in report) == 1
    assert "make run" in report[-1]


@pytest.mark.parametrize(("signed", "original"), list(zip(SIGNED, ORIGINAL, strict=True)))
def test_strangers_say_the_same_of_each_file(folder, signed, original):
    data, before = (folder / signed).read_bytes(), (folder / original).read_bytes()
    assert pdfsig(data) == Opinion([True], [True])  # nothing follows the signature
    assert qpdf_check(data) == ""
    assert data[: len(before)] == before  # the increment taken away


def trust(folder: Path) -> Trust:
    return Trust(folder / "root.pem", folder / "issuing.pem")


@pytest.mark.parametrize(
    ("where", "blind"),
    [
        (b"/MediaBox", {"qpdf"}),
        (b"ETSI.CAdES.detached", {"qpdf", "the original"}),
        (b"%%EOF\n", {"qpdf", "the original"}),
    ],
    ids=["original", "signature dictionary", "end"],
)
def test_its_judges_find_a_changed_letter(folder, tmp_path, where, blind):
    """In the original and in what was appended: whoever looks there says no, and nobody stumbles."""
    honest, original = folder / SIGNED[1], folder / ORIGINAL[1]
    assert {verdict.good for verdict in judge(honest, original, trust(folder))} == {True}
    data = bytearray(honest.read_bytes())
    at = data.index(where, 0 if where == b"/MediaBox" else data.index(b"/ByteRange", len(original.read_bytes())))
    data[at + len(where) // 2] ^= 1
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(data)
    said = {verdict.judge for verdict in judge(changed, original, trust(folder)) if verdict.good}
    assert said <= blind


def test_its_judges_trust_no_other_root(folder):
    other = Trust(folder / "issuing.pem", folder / "issuing.pem")
    said = {each.judge: each.good for each in judge(folder / SIGNED[0], folder / ORIGINAL[0], other)}
    assert said["openssl cms"] is False
