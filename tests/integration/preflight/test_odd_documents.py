"""Every odd document is signed with earlier signatures unharmed, or refused for its reason before anybody is asked."""

import pytest

from preflight.check import check_document
from preflight.increment import judge
from preflight.protocol import DocumentRefused
from preflight.reasons import REFUSALS
from signer.pades.options import SignatureOptions
from signer.pades.prepare import prepare
from tests.support.odd_pdfs import ODD, SIGNED
from tests.support.signed_pdfs import NOW, pdfsig, pyhanko_opinion, signed

REFUSED = {name: case for name, case in ODD.items() if case[1] != SIGNED}
TAKEN = {name: case for name, case in ODD.items() if case[1] == SIGNED}


@pytest.mark.parametrize("name", REFUSED)
def test_document_is_refused_for_its_reason(name):
    generate, reason = REFUSED[name]
    with pytest.raises(DocumentRefused) as refused:
        check_document(generate())
    assert refused.value.reason == reason
    assert reason in REFUSALS


@pytest.mark.parametrize("name", REFUSED)
def test_no_increment_over_a_refused_document_is_judged_well(name):
    generate, reason = REFUSED[name]
    with pytest.raises(DocumentRefused) as refused:
        judge(generate(), b"1 0 obj\nnull\nendobj\n", 100, b"")
    assert refused.value.reason == reason


@pytest.mark.parametrize("name", TAKEN)
def test_document_is_signed_and_earlier_signatures_are_as_they_were(name):
    original = TAKEN[name][0]()
    report = check_document(original)
    before_pdfsig, before = pdfsig(original).valid, pyhanko_opinion(original, strict=report.strict)

    result = signed(original)

    assert result.startswith(original)
    assert pdfsig(result).valid == [*before_pdfsig, True]
    assert pdfsig(result).total[-1] is True
    after = pyhanko_opinion(result, strict=report.strict)
    assert after == [*before, (True, True)]


@pytest.mark.parametrize("name", ["signature-broken-by-rewriting", "signature-broken-by-altering"])
def test_signature_that_is_broken_already_is_told(name):
    report = check_document(ODD[name][0]())
    assert report.earlier_signatures == 1
    assert report.earlier_signatures_broken == 1
    assert "earlier-signature-broken" in report.warnings


def test_sound_earlier_signature_is_counted_and_not_called_broken():
    report = check_document(ODD["signed-by-other-program"][0]())
    assert (report.earlier_signatures, report.earlier_signatures_broken) == (1, 0)


@pytest.mark.parametrize("name", ["hybrid", "generation-65536"])
def test_tolerant_reading_is_told_because_validating_needs_it_too(name):
    original = ODD[name][0]()
    report = check_document(original)
    assert report.strict is False
    assert "tolerant" in report.warnings


def test_field_name_that_is_taken_is_left_alone():
    original = ODD["our-field-name-taken"][0]()
    prepared = prepare(original, SignatureOptions(NOW))
    assert b"Paraph2" in prepared.before + prepared.after
