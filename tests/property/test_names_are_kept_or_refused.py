"""Any text for a name either comes back from the certificate as it was, in NFC, or is refused before the key is used.

Attack Z10. Most random text dies in the first check, so most names are built from letters of one script with a few
mutations; how many reach the certificate is asserted.
"""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest
from asn1crypto.x509 import Certificate as RawCertificate
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.lint import lint
from ca.names import Person, signatory_name
from ca.protocol import NotLinted
from ca.signing import sign
from core.errors import Malformed
from tests.support.ca_bench import CaBench

LETTERS = {
    "latin": "abcdefghijklmnopqrstuvwxyzăâîșțşţáéíóúñçøåßčřžABCDEFGHIJKLMNOPQRSTUVWXYZĂÂÎȘȚ",
    "greek": "αβγδεζηθικλμνξοπρστυφχψωΑΒΓΔ",
    "cyrillic": "абвгдежзийклмнопрстуфхцчшщАБВГД",
}
JOINTS = st.sampled_from([" ", "-", "'", "\N{RIGHT SINGLE QUOTATION MARK}", ". "])
NASTY = st.sampled_from([*',+=\x00\n;"\\<>#\u202e\u200b\ufeff\u00a0\u0301\u0326', "  ", "--", "", "A" * 70])


def word(letters: str) -> st.SearchStrategy[str]:
    return st.text(letters, min_size=1, max_size=12)


@st.composite
def names(draw) -> str:
    letters = LETTERS[draw(st.sampled_from(sorted(LETTERS)))]
    name = draw(word(letters))
    for _ in range(draw(st.integers(0, 2))):
        name += draw(JOINTS) + draw(word(letters))
    if draw(st.booleans()):
        name = unicodedata.normalize("NFD", name)
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(name)))
        name = name[:at] + draw(NASTY | st.characters()) + name[at:]
    return name


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return CaBench(tmp_path_factory.mktemp("names") / "state")


def test_a_name_comes_back_as_it_was_or_is_refused(bench):
    found: Counter[str] = Counter()

    @given(given_name=names(), surname=names() | st.text(max_size=20))
    @settings(max_examples=200, deadline=None)
    def judge(given_name: str, surname: str) -> None:
        uses = len(bench.signatures)
        try:
            subject = signatory_name(Person(given_name, surname, "PNORO-2900101400016"))
            certificate = sign(lint(bench.draft(subject=subject)), bench.issuing_key)
        except (Malformed, NotLinted):
            assert len(bench.signatures) == uses
            found["refused"] += 1
            return
        found["certified"] += 1
        raw = RawCertificate.load(certificate.public_bytes(Encoding.DER)).subject.native
        wanted = [unicodedata.normalize("NFC", name).strip(" ") for name in (given_name, surname)]
        assert [raw["given_name"], raw["surname"]] == wanted
        assert raw["common_name"].endswith(f" {wanted[1]}")

    judge()
    assert min(found["certified"], found["refused"]) > 30
