"""The code: derived, eight digits, read in one documented form."""

from __future__ import annotations

import pytest

from core.factors import CodeMalformed
from otp.codes import one_time_code, read_code
from otp.fingerprint import LETTERS, fingerprint
from tests.support.software_hsm import SoftwareMacKey

KEY = SoftwareMacKey("otp")


def test_a_code_is_eight_digits_and_the_same_for_the_same_transaction():
    code = one_time_code(KEY, b"binding", 0)
    assert len(code) == 8
    assert code.isdecimal()
    assert code == one_time_code(KEY, b"binding", 0)


def test_another_transaction_or_a_new_code_gives_other_digits():
    codes = {one_time_code(KEY, binding, counter) for binding in (b"one", b"other") for counter in range(5)}
    assert len(codes) == 10


@pytest.mark.parametrize("typed", ["1234 5678", "1234-5678", " 12345678 ", "12\u00a034\u00a056\u00a078", "12345678"])
def test_groups_as_phones_and_people_write_them_are_read(typed):
    assert read_code(typed) == "12345678"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "1234567",
        "123456789",
        "1234567a",
        "+1234567",
        "١٢٣٤٥٦٧٨",
        "\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
        "0x123456",
        "1" * 1_000_000,
        "12345678\n1",
    ],
)
def test_anything_else_is_malformed_and_not_judged(typed):
    with pytest.raises(CodeMalformed):
        read_code(typed)


def test_a_fingerprint_is_two_groups_of_four_consonants():
    mark = fingerprint(SoftwareMacKey("fingerprint"), b"binding")
    assert len(mark) == 9
    assert mark[4] == " "
    assert set(mark.replace(" ", "")) <= set(LETTERS)


def test_fingerprint_code_and_seal_keys_give_unrelated_values():
    """Attack I10: no oracle of one is an oracle of another, even with one key by mistake."""
    assert fingerprint(KEY, b"x") != fingerprint(SoftwareMacKey("fingerprint"), b"x")
    assert one_time_code(KEY, b"x", 0) != one_time_code(SoftwareMacKey("fingerprint"), b"x", 0)
