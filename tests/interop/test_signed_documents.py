"""Every ordinary kind of document, signed, before four judges that had no part in it: pdfsig, qpdf, openssl, pyHanko."""

import time

import pytest

from core.algorithms import KeyType, SignatureAlgorithm
from preflight.check import check_document
from signer.pades.options import Appearance
from stamp.appearance import Position
from tests.support.pdfs import ORDINARY, plain, scan
from tests.support.signatory import software_signatory
from tests.support.signed_pdfs import Opinion, openssl_verifies, pdfsig, pyhanko_opinion, qpdf_check, signed


@pytest.mark.parametrize("kind", ORDINARY)
def test_ordinary_document_is_signed_and_all_judges_agree(kind):
    original = ORDINARY[kind]()
    before = qpdf_check(original)

    result = signed(original)

    assert result.startswith(original)
    opinion = pdfsig(result)
    assert opinion.valid == [True]
    assert opinion.total == [True]
    assert qpdf_check(result) == "" or before != ""
    assert pyhanko_opinion(result, strict=check_document(original).strict) == [(True, True)]
    assert openssl_verifies(result, software_signatory())


def test_a_scan_of_twenty_megabytes_is_signed_within_the_time_of_one_document():
    """qpdf, which would decode every picture, is not asked."""
    original = scan(60)
    assert len(original) > 19_000_000
    began = time.process_time()
    result = signed(original)
    assert time.process_time() - began < 20
    assert pdfsig(result) == Opinion([True], [True])
    assert pyhanko_opinion(result) == [(True, True)]


@pytest.mark.parametrize("position", Position)
def test_visible_signature_in_any_free_corner(position):
    result = signed(plain(), Appearance("Ioana Țăndărică", page=-1, position=position))
    assert pdfsig(result).valid == [True]
    assert qpdf_check(result) == ""
    assert pyhanko_opinion(result) == [(True, True)]


@pytest.mark.parametrize(
    ("key_type", "algorithm"),
    [
        (KeyType.EC_P384, SignatureAlgorithm.ECDSA_SHA384),
        (KeyType.RSA_3072, SignatureAlgorithm.RSA_PKCS1_SHA256),
        (KeyType.RSA_3072, SignatureAlgorithm.RSA_PSS_SHA256),
        (KeyType.RSA_3072, SignatureAlgorithm.RSA_PKCS1_SHA512),
    ],
)
def test_other_keys_and_algorithms(key_type, algorithm):
    result = signed(plain(), key_type=key_type, algorithm=algorithm)
    assert pdfsig(result).valid == [True]
    assert openssl_verifies(result, software_signatory(key_type))


def test_four_signatures_one_after_another_all_hold():
    data = plain()
    for number in range(4):
        data = signed(data, Appearance("Ana Pop", page=0, position=list(Position)[number]) if number < 2 else None)
    assert pdfsig(data).valid == [True] * 4
    assert pdfsig(data).total == [False] * 3 + [True]
    assert pyhanko_opinion(data) == [(True, True)] * 4
