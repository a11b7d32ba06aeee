"""Whatever is thrown at the readers of the web zone, they refuse by name or give what was meant."""

from __future__ import annotations

import base64
import json
import string

from hypothesis import given
from hypothesis import strategies as st

from api.csc.algorithms import chosen
from api.csc.signatures import _digests, _hash_list
from api.keys import Purpose, SealBroken, WebKeys
from api.oauth import pkce
from api.oauth.par import read_details
from api.pages.codes import read_code
from api.refusals import InvalidHashEncoding
from core import base64url
from core.algorithms import HashAlgorithm
from core.errors import DomainError
from core.secret import Secret
from tests.support.clocks import FakeEntropy

KEYS = WebKeys(Secret(bytes(range(32))))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.text())
def test_a_typed_code_is_eight_digits_or_refused(typed):
    try:
        code = read_code(typed)
    except DomainError:
        return
    assert len(code) == 8
    assert set(code) <= set(string.digits)


@given(
    st.text(string.digits, min_size=8, max_size=8), st.lists(st.sampled_from(" -.\u00a0\u2013"), min_size=9, max_size=9)
)
def test_separators_never_change_a_code(code, separators):
    typed = "".join(f"{separator}{digit}" for separator, digit in zip(separators, code, strict=False))
    assert read_code(typed + separators[-1]) == code


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=5), st.booleans(), st.booleans())
def test_hashes_come_out_as_they_went_in_in_either_alphabet(digests, url, padded):
    encode = base64.urlsafe_b64encode if url else base64.b64encode
    texts = [encode(digest).decode() for digest in digests]
    texts = texts if padded else [text.rstrip("=") for text in texts]
    assert _digests(_hash_list(texts, 100), HashAlgorithm.SHA256, InvalidHashEncoding) == digests


@given(json_values)
def test_hash_lists_are_read_or_refused_by_name(value):
    try:
        _digests(_hash_list(value, 100), HashAlgorithm.SHA256, InvalidHashEncoding)
    except DomainError:
        return


@given(st.text(), st.none() | st.text(), st.none() | st.text())
def test_algorithms_are_found_or_refused_by_name(sign_algo, parameters, hash_oid):
    try:
        chosen(sign_algo, parameters, hash_oid)
    except DomainError:
        return


@given(json_values | st.text())
def test_details_are_an_array_or_refused_by_name(value):
    text = value if isinstance(value, str) else json.dumps(value)
    try:
        details = read_details(text)
    except DomainError:
        return
    assert isinstance(details, list)


@given(st.text())
def test_a_challenge_is_of_its_form_or_refused_by_name(value):
    try:
        assert len(base64url.decode_any(pkce.read_challenge(value, "S256"))) == 32
    except DomainError:
        return


@given(st.binary(max_size=200), st.text(), st.text(), st.integers(0, 10_000))
def test_no_altered_seal_opens(plain, secret, place, at):
    try:
        sealed = KEYS.seal_under(Purpose.CODE_SEAL, secret, plain, place, FakeEntropy())
    except UnicodeEncodeError:  # a lone surrogate is no secret and no place
        return
    assert KEYS.open_with(Purpose.CODE_SEAL, secret, sealed, place) == plain
    altered = bytearray(sealed)
    altered[at % len(altered)] ^= 1
    try:
        KEYS.open_with(Purpose.CODE_SEAL, secret, bytes(altered), place)
    except SealBroken:
        return
    raise AssertionError("an altered seal opened")
