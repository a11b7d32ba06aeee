"""PKCE, forms, names of documents, typed codes, JSON members: the small rules, each with its edge."""

from __future__ import annotations

import pytest

from api.csc.fields import Fields
from api.forms import once
from api.oauth import pkce
from api.oauth.par import read_details, same_details
from api.pages.codes import CodeLength, CodeMissing, read_code
from api.pages.labels import mixes_alphabets
from api.refusals import (
    DetailsInvalid,
    InvalidOauthParameter,
    InvalidParameter,
    MissingOauthParameter,
    MissingParameter,
    PkceMismatch,
    RepeatedField,
)

# The pair of RFC 7636 appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_pair_of_the_standard_fits__rfc7636_appendix_b():
    assert pkce.read_challenge(CHALLENGE, "S256") == CHALLENGE
    pkce.check_verifier(VERIFIER, CHALLENGE)


@pytest.mark.parametrize(
    "verifier", [None, "", VERIFIER[:-1], VERIFIER[:-1] + "l", VERIFIER + " ", "é" * 43, "a" * 129]
)
def test_another_verifier_does_not(verifier):
    with pytest.raises(PkceMismatch):
        pkce.check_verifier(verifier, CHALLENGE)


@pytest.mark.parametrize("method", [None, "plain", "s256", "S512", 256, ["S256"]])
def test_no_method_but_s256(method):
    with pytest.raises(InvalidOauthParameter):
        pkce.read_challenge(CHALLENGE, method)


@pytest.mark.parametrize("challenge", ["", CHALLENGE + "=", CHALLENGE[:-1], "x" * 44, 7, ["x"], "é" * 43])
def test_a_challenge_has_the_form_of_a_sha256(challenge):
    with pytest.raises(InvalidOauthParameter):
        pkce.read_challenge(challenge, "S256")
    with pytest.raises(MissingOauthParameter):
        pkce.read_challenge(None, "S256")


def test_a_name_stands_once_and_without_a_value_counts_as_absent():
    assert once([("a", "1"), ("b", "")]) == {"a": "1"}
    with pytest.raises(RepeatedField):
        once([("a", "1"), ("a", "1")])


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("12345678", "12345678"),
        (" 1234 5678 ", "12345678"),
        ("1234-5678", "12345678"),
        ("12\u00a034\u201356.78", "12345678"),
    ],
)
def test_separators_that_help_reading_are_taken_out(typed, code):
    assert read_code(typed) == code


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("1234567", 7),
        ("123456789", 9),
        ("1234567a", 7),
        ("0x345678", 7),
        ("١٢٣٤٥٦٧٨", 0),
        ("1e7", 2),
        ("12345678,1", 9),
    ],
)
def test_anything_else_is_no_code(typed, digits):
    with pytest.raises(CodeLength) as caught:
        read_code(typed)
    assert caught.value.typed == digits


@pytest.mark.parametrize("typed", ["", " ", "\t\n", "- -", "\u00a0"])
def test_nothing_is_nothing(typed):
    with pytest.raises(CodeMissing):
        read_code(typed)


@pytest.mark.parametrize(
    ("text", "mixes"),
    [
        ("Cerere nr. 7.pdf", False), ("Țăndărică", False), ("\u0434\u043e\u0433.pdf", False), ("\u0434\u043e\u0433 v2.pdf", True),
        ("C\u043entract", True), ("\u03b1\u03b2", False), ("\u03b1b.pdf", True), ("2026", False), ("", False), ("\u6587.pdf", False),
    ],
)  # fmt: skip
def test_alphabets_that_look_alike_are_noticed(text, mixes):
    assert mixes_alphabets(text) is mixes


def test_null_is_absent_and_a_bool_is_no_number():
    fields = Fields({"null": None, "true": True, "one": 1, "text": "x", "empty": "", "long": "x" * 1001, "float": 1.0})
    assert fields.text_if_any("null") is fields.text_if_any("absent") is None
    assert fields.number_if_any("one") == 1
    assert fields.flag("absent") is fields.flag("null") is False
    assert fields.flag("true") is True
    assert fields.one_of("null", ("a", "b")) == "a"
    for name in ("true", "text", "float"):
        with pytest.raises(InvalidParameter):
            fields.number_if_any(name)
    for name in ("one", "text"):
        with pytest.raises(InvalidParameter):
            fields.flag(name)
    for name in ("null", "absent", "one", "true"):
        with pytest.raises(MissingParameter):
            fields.text(name)
    for name in ("empty", "long"):
        with pytest.raises(InvalidParameter):
            fields.text(name)
    for name in ("one", "text"):
        with pytest.raises(InvalidParameter):
            fields.one_of(name, ("a", "b"))


@pytest.mark.parametrize("text", ["", "x", "{}", "null", "[]}", '[],"x":1', "[]} {", "[1,]", "[" * 5000, '["\ud800"]'])
def test_details_in_a_form_are_one_strict_array(text):
    with pytest.raises(DetailsInvalid):
        read_details(text)
    assert read_details(' [{"a":1}] ') == [{"a": 1}]


def test_details_that_are_none_are_the_same_as_nothing():
    assert not same_details([], [])
    assert not same_details(None, "x")
