"""The sample filing: each file can be signed, and all judges agree."""

from pathlib import Path

import pytest

from tests.support.signatory import software_signatory
from tests.support.signed_pdfs import openssl_verifies, pdfsig, pyhanko_opinion, qpdf_check, signed

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.pdf"))


def test_there_are_three_samples():
    assert len(SAMPLES) == 3


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample_is_signed_and_all_judges_agree(path):
    original = path.read_bytes()
    result = signed(original)
    assert result.startswith(original)
    assert pdfsig(result).valid == [True]
    assert pdfsig(result).total == [True]
    assert qpdf_check(result) == ""
    assert pyhanko_opinion(result) == [(True, True)]
    assert openssl_verifies(result, software_signatory())
