"""Tokens, keys and signatures on a real SoftHSM."""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_der_public_key

from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm
from core.types import Dtbsr
from hsm.errors import (
    AlgorithmMismatch,
    HsmError,
    HsmMisused,
    HsmUnavailable,
    KeyNotFound,
    LabelTaken,
    PinWrong,
    UnwrapRefused,
    WrongWrappingKey,
)
from hsm.keys import (
    TokenMacKey,
    TokenSigningKey,
    destroy_key_pair,
    generate_key_pair,
    generate_mac_key,
    key_labels,
)
from hsm.ports import WrappedKey
from hsm.wrapping import TokenVault
from hsm.x509_keys import x509_key
from tests.support.sam_bench import Workbench, digest
from tests.support.tokens import make_token, sam_keys, sam_token

DTBSR = Dtbsr(HashAlgorithm.SHA256, digest("one"))
_HASH = {
    HashAlgorithm.SHA256: hashes.SHA256(),
    HashAlgorithm.SHA384: hashes.SHA384(),
    HashAlgorithm.SHA512: hashes.SHA512(),
}


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    return sam_token(tmp_path_factory.mktemp("sam") / "token")


def verify(public_key_der: bytes, signature: bytes, dtbsr: Dtbsr, algorithm: SignatureAlgorithm) -> None:
    public_key: Any = load_der_public_key(public_key_der)
    hashing = _HASH[algorithm.hash]
    if algorithm.name.startswith("ECDSA"):
        public_key.verify(signature, dtbsr.value, ec.ECDSA(Prehashed(hashing)))
    elif "PSS" in algorithm.name:
        public_key.verify(signature, dtbsr.value, padding.PSS(padding.MGF1(hashing), 32), Prehashed(hashing))
    else:
        public_key.verify(signature, dtbsr.value, padding.PKCS1v15(), Prehashed(hashing))


@pytest.mark.parametrize("key_type", [KeyType.EC_P256, KeyType.EC_P384, KeyType.RSA_3072])
def test_permanent_keys_sign_with_every_algorithm_of_theirs(tmp_path, key_type):
    token = make_token(tmp_path / "t", "t")
    public_key = generate_key_pair(token, "key", key_type)
    key = TokenSigningKey(token, "key")
    assert key.public_key_der == public_key
    assert key.key_type is key_type
    for algorithm in key_type.algorithms:
        dtbsr = Dtbsr(algorithm.hash, algorithm.hash.new(b"data").digest())
        verify(public_key, key.sign(dtbsr, algorithm), dtbsr, algorithm)


@pytest.mark.parametrize("key_type", [KeyType.EC_P256, KeyType.RSA_3072])
def test_a_wrapped_key_signs_inside_its_block_and_not_after(token, key_type):
    vault = TokenVault(token, "wrap")
    key = vault.generate(key_type)
    algorithm = key_type.algorithms[0]
    with vault.unwrapped(key) as lent:
        verify(key.public_key_der, lent.sign(DTBSR, algorithm), DTBSR, algorithm)
    with pytest.raises(HsmError, match="after its block"):
        lent.sign(DTBSR, algorithm)
    with vault.unwrapped(key) as lent:
        lent.sign(DTBSR, algorithm)


def test_no_object_stays_on_the_token(token):
    vault = TokenVault(token, "wrap")
    before = len(list(token.session().get_objects()))
    key = vault.generate(KeyType.EC_P256)
    with vault.unwrapped(key) as lent:
        lent.sign(DTBSR, SignatureAlgorithm.ECDSA_SHA256)
    assert len(list(token.session().get_objects())) == before


def test_a_mac_is_hmac_sha256_and_the_key_id_tells_keys_apart(token):
    seal, otp = TokenMacKey(token, "seal"), TokenMacKey(token, "otp")
    assert len(seal.mac(b"x")) == 32
    assert seal.mac(b"x") == seal.mac(b"x") != otp.mac(b"x")
    assert seal.key_id.startswith("seal:")
    assert not hmac.compare_digest(seal.mac(b"x"), hashlib.sha256(b"x").digest())


@pytest.mark.parametrize("position", [0, 20, -1])
def test_a_flipped_bit_of_a_wrapped_key_is_refused(token, position):
    vault = TokenVault(token, "wrap")
    key = vault.generate(KeyType.EC_P256)
    blob = bytearray(key.wrapped)
    blob[position] ^= 1
    with (
        pytest.raises(UnwrapRefused),
        vault.unwrapped(WrappedKey(key.key_type, key.public_key_der, bytes(blob), key.wrapping_key_id)),
    ):
        pass
    with vault.unwrapped(key):
        pass


def test_a_key_wrapped_elsewhere_is_named_so(token, tmp_path):
    other = TokenVault(sam_token(tmp_path / "other"), "wrap").generate(KeyType.EC_P256)
    with pytest.raises(WrongWrappingKey), TokenVault(token, "wrap").unwrapped(other):
        pass


@pytest.mark.parametrize(
    ("algorithm", "value"),
    [
        (SignatureAlgorithm.ECDSA_SHA384, Dtbsr(HashAlgorithm.SHA384, bytes(48))),
        (SignatureAlgorithm.ECDSA_SHA256, Dtbsr(HashAlgorithm.SHA384, bytes(48))),
        (SignatureAlgorithm.RSA_PKCS1_SHA256, DTBSR),
    ],
)
def test_an_algorithm_of_another_key_or_hash_is_refused__i6(token, algorithm, value):
    with pytest.raises(AlgorithmMismatch):
        TokenSigningKey(token, "attest").sign(value, algorithm)


def test_a_second_key_of_one_label_is_not_made_and_an_unknown_label_not_found(token):
    with pytest.raises(LabelTaken):
        generate_mac_key(token, "seal")
    with pytest.raises(KeyNotFound):
        TokenMacKey(token, "nothing").mac(b"x")


def test_a_destroyed_key_pair_is_gone_for_whoever_holds_it(token):
    for label in ("kept", "gone"):
        generate_key_pair(token, label, KeyType.EC_P256)
    key = TokenSigningKey(token, "gone")
    dtbsr = Dtbsr(HashAlgorithm.SHA256, bytes(32))
    assert key.sign(dtbsr, SignatureAlgorithm.ECDSA_SHA256)
    destroy_key_pair(token, "gone")
    assert {"kept", "gone"} & key_labels(token) == {"kept"}
    with pytest.raises(HsmError):
        key.sign(dtbsr, SignatureAlgorithm.ECDSA_SHA256)
    with pytest.raises(KeyNotFound):
        TokenSigningKey(token, "gone").sign(dtbsr, SignatureAlgorithm.ECDSA_SHA256)
    destroy_key_pair(token, "gone")  # nothing is left to do
    assert TokenSigningKey(token, "kept").sign(dtbsr, SignatureAlgorithm.ECDSA_SHA256)


def test_cryptographys_builders_sign_through_the_token(tmp_path):
    from datetime import UTC, datetime, timedelta

    for key_type, hashing in ((KeyType.EC_P384, hashes.SHA384()), (KeyType.RSA_3072, hashes.SHA256())):
        token = make_token(tmp_path / key_type.value, key_type.value)
        generate_key_pair(token, "ca", key_type)
        key = x509_key(TokenSigningKey(token, "ca"))
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "TEST")])
        now = datetime(2026, 1, 1, tzinfo=UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=1))
            .sign(key, hashing)
        )
        certificate.verify_directly_issued_by(certificate)


def test_a_wrong_pin_is_named(tmp_path):
    token = make_token(tmp_path / "t", "t")
    (tmp_path / "t" / "pin").write_text("1234")
    with pytest.raises(PinWrong):
        token.check()


def test_pins_are_for_their_owner_only(tmp_path):
    make_token(tmp_path / "t", "t")
    for name in ("pin", "so-pin", "softhsm2.conf"):
        assert (tmp_path / "t" / name).stat().st_mode & 0o777 == 0o600


def test_a_token_that_is_removed_and_comes_back_needs_no_restart(tmp_path):
    home, away = tmp_path / "t", tmp_path / "away"
    token = sam_token(home)
    key = TokenMacKey(token, "seal")
    mac = key.mac(b"x")
    home.rename(away)
    token.close()
    for _ in range(2):
        with pytest.raises(HsmUnavailable):
            key.mac(b"x")
    away.rename(home)
    assert key.mac(b"x") == mac


def test_a_second_thread_is_refused_and_the_first_goes_on(token):
    refused = []

    def use() -> None:
        try:
            token.check()
        except HsmMisused as error:
            refused.append(error.detail)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert "thread" in refused[0]
    token.check()


def test_a_child_process_may_not_use_what_was_opened_before_the_fork(token):
    token.check()
    child = os.fork()
    if child == 0:  # pragma: no cover  # runs in the child
        try:
            token.check()
        except HsmMisused:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    token.check()


def test_the_sam_signs_with_keys_of_a_real_token(token, tmp_path):
    bench = Workbench(tmp_path, keys=sam_keys(token))
    sad = bench.authorise(digest("one"), digest("two")).sad
    assert len(bench.sign_hashes(sad, digest("one"), digest("two"))) == 2
    bench.sam.check()
