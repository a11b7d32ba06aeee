"""What a key is asked to sign, before any token is: `hsm.signing` and `hsm.x509_keys` with keys that only record."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from asn1crypto.algos import DigestInfo
from asn1crypto.core import Null
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from hypothesis import given
from hypothesis import strategies as st
from pkcs11 import MGF, Mechanism

from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm
from core.types import ContentDigest, DocumentDigest, Dtbsr
from hsm import signing
from hsm.errors import AlgorithmMismatch, HsmError
from hsm.mechanisms import RECIPES, SIGNATURE_SIZES
from hsm.x509_keys import x509_key
from tests.support.software_hsm import SoftwareSigningKey


class Handle:
    """A key's handle that answers with zeros and remembers what it was asked."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked: list[tuple[bytes, Mechanism, Any]] = []

    def sign(self, data: bytes, *, mechanism: Mechanism, mechanism_param: Any, buffer_size: int) -> bytes:
        assert buffer_size >= self.size
        self.asked.append((data, mechanism, mechanism_param))
        return bytes(self.size - 1) + b"\1"


def sign(key_type: KeyType, dtbsr: Any, algorithm: SignatureAlgorithm) -> tuple[bytes, Mechanism, Any]:
    """Return what the token is asked."""
    handle = Handle(SIGNATURE_SIZES[key_type])
    signing.sign(handle, key_type, dtbsr, algorithm)
    return handle.asked[0]


def _fitting() -> list[tuple[KeyType, SignatureAlgorithm]]:
    return [(key_type, algorithm) for key_type in KeyType for algorithm in key_type.algorithms]


@pytest.mark.parametrize(("key_type", "algorithm"), _fitting())
def test_every_algorithm_of_a_key_asks_its_mechanism(key_type, algorithm):
    digest = algorithm.hash.new(b"data").digest()
    data, mechanism, parameter = sign(key_type, Dtbsr(algorithm.hash, digest), algorithm)
    if mechanism is Mechanism.RSA_PKCS:
        info = DigestInfo(
            {"digest_algorithm": {"algorithm": algorithm.hash.hashlib_name, "parameters": Null()}, "digest": digest}
        )
        assert data == info.dump()
    else:
        assert data == digest
    assert (
        mechanism.name
        == {"ECDSA": "ECDSA", "RSA_PKCS1": "RSA_PKCS", "RSA_PSS": "RSA_PKCS_PSS"}[algorithm.name.rpartition("_")[0]]
    )
    assert parameter == ((Mechanism.SHA256, MGF.SHA256, 32) if "PSS" in algorithm.name else None)


def test_there_is_a_recipe_for_each_algorithm_and_a_size_for_each_key():
    assert set(RECIPES) == set(SignatureAlgorithm)
    assert {each.value: size for each, size in SIGNATURE_SIZES.items()} == {
        "ec-p256": 64,
        "ec-p384": 96,
        "rsa-3072": 384,
        "rsa-4096": 512,
    }


@pytest.mark.parametrize("kind", [DocumentDigest, ContentDigest])
def test_no_other_kind_of_digest_is_signed__i5(kind):
    with pytest.raises(AlgorithmMismatch, match=kind.__name__):
        sign(KeyType.EC_P256, kind(HashAlgorithm.SHA256, bytes(32)), SignatureAlgorithm.ECDSA_SHA256)


@pytest.mark.parametrize("key_type", list(KeyType))
@pytest.mark.parametrize("algorithm", list(SignatureAlgorithm))
@pytest.mark.parametrize("hashed", list(HashAlgorithm))
def test_only_what_belongs_together_reaches_the_token__i6(key_type, algorithm, hashed):
    dtbsr = Dtbsr(hashed, bytes(hashed.size))
    if algorithm in key_type.algorithms and algorithm.hash is hashed:
        assert sign(key_type, dtbsr, algorithm)
        return
    with pytest.raises(AlgorithmMismatch):
        sign(key_type, dtbsr, algorithm)


@pytest.mark.parametrize("size", [0, 20, 31, 33, 48, 64])
def test_a_length_that_slipped_past_the_type_is_refused_here__i5(size):
    dtbsr = object.__new__(Dtbsr)
    object.__setattr__(dtbsr, "algorithm", HashAlgorithm.SHA256)
    object.__setattr__(dtbsr, "value", bytes(size))
    with pytest.raises(AlgorithmMismatch, match=f"{size} bytes"):
        sign(KeyType.EC_P256, dtbsr, SignatureAlgorithm.ECDSA_SHA256)


def test_a_signature_of_another_length_is_not_passed_on():
    with pytest.raises(HsmError, match="63 bytes"):
        signing.sign(
            Handle(63), KeyType.EC_P256, Dtbsr(HashAlgorithm.SHA256, bytes(32)), SignatureAlgorithm.ECDSA_SHA256
        )


@given(st.integers(1, 2**256 - 1), st.integers(1, 2**256 - 1))
def test_r_and_s_survive_their_encoding(r, s):
    der = signing._ecdsa_der(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    assert utils.decode_dss_signature(der) == (r, s)


# --- keys for cryptography's builders ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ec_key():
    return x509_key(SoftwareSigningKey(KeyType.EC_P256))


@pytest.fixture(scope="module")
def rsa_key():
    return x509_key(SoftwareSigningKey(KeyType.RSA_3072))


def test_an_ec_key_signs_with_its_hash_and_no_other(ec_key):
    ec_key.public_key().verify(ec_key.sign(b"tbs", ec.ECDSA(hashes.SHA256())), b"tbs", ec.ECDSA(hashes.SHA256()))
    assert (ec_key.key_size, ec_key.curve.name) == (256, "secp256r1")
    for hashed in (hashes.SHA384(), hashes.SHA1(), hashes.SHA3_256(), utils.Prehashed(hashes.SHA256())):
        with pytest.raises(AlgorithmMismatch):
            ec_key.sign(bytes(32), ec.ECDSA(hashed))


@pytest.mark.parametrize(
    ("scheme", "hashed"),
    [
        (padding.PKCS1v15(), hashes.SHA256()),
        (padding.PKCS1v15(), hashes.SHA512()),
        (padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()),
        (padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH), hashes.SHA256()),
    ],
)
def test_an_rsa_key_signs_with_the_paddings_in_use(rsa_key, scheme, hashed):
    rsa_key.public_key().verify(rsa_key.sign(b"tbs", scheme, hashed), b"tbs", scheme, hashed)
    assert rsa_key.key_size == 3072


@pytest.mark.parametrize(
    ("scheme", "hashed"),
    [
        (padding.PSS(padding.MGF1(hashes.SHA256()), 0), hashes.SHA256()),
        (padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH), hashes.SHA256()),
        (padding.PSS(padding.MGF1(hashes.SHA512()), 32), hashes.SHA256()),
        (padding.PSS(padding.MGF1(hashes.SHA512()), 64), hashes.SHA512()),
        (padding.PKCS1v15(), hashes.SHA1()),
        (padding.PKCS1v15(), utils.Prehashed(hashes.SHA256())),
        (padding.PKCS1v15(), None),
        (None, hashes.SHA256()),
    ],
)
def test_an_rsa_key_signs_with_nothing_else(rsa_key, scheme, hashed):
    with pytest.raises(AlgorithmMismatch):
        rsa_key.sign(b"tbs", scheme, hashed)


def test_a_tokens_key_shows_no_value_and_does_nothing_else(ec_key, rsa_key):
    for key in (ec_key, rsa_key):
        assert copy.copy(key) is copy.deepcopy(key) is key
        for refused in (key.private_numbers, lambda key=key: key.private_bytes(None, None, None)):
            with pytest.raises(HsmError, match="signs"):
                refused()
    with pytest.raises(HsmError, match="signs"):
        ec_key.exchange(ec.ECDH(), ec_key.public_key())
    with pytest.raises(HsmError, match="signs"):
        rsa_key.decrypt(bytes(384), padding.PKCS1v15())
