"""Which algorithm a request names, for every key and every way to name it (CSC API v2 §11, attack T12)."""

from __future__ import annotations

import itertools

import pytest

from api.csc.algorithms import (
    EC_PUBLIC_KEY,
    NULL_PARAMETERS,
    PSS_SHA256_PARAMETERS,
    RSA_ENCRYPTION,
    algorithm_parameters,
    chosen,
    key_algorithms,
)
from api.refusals import HashContradictsAlgorithm, InvalidParameter, MissingParameter
from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm

PSS = SignatureAlgorithm.RSA_PSS_SHA256
COMBINED = [algorithm for algorithm in SignatureAlgorithm if algorithm is not PSS]


@pytest.mark.parametrize("algorithm", COMBINED)
def test_a_combined_oid_fixes_the_hash(algorithm):
    assert chosen(algorithm.oid, None, None) is algorithm
    for hash_algorithm in HashAlgorithm:
        if hash_algorithm is algorithm.hash:
            assert chosen(algorithm.oid, None, hash_algorithm.oid) is algorithm
        else:
            with pytest.raises(HashContradictsAlgorithm):
                chosen(algorithm.oid, None, hash_algorithm.oid)


def test_a_generic_oid_needs_the_hash():
    found = {}
    for oid, hash_algorithm in itertools.product((EC_PUBLIC_KEY, RSA_ENCRYPTION), HashAlgorithm):
        try:
            found[oid, hash_algorithm.name] = chosen(oid, None, hash_algorithm.oid).name
        except InvalidParameter as error:
            found[oid, hash_algorithm.name] = error.name
    assert found == {
        (EC_PUBLIC_KEY, "SHA256"): "ECDSA_SHA256",
        (EC_PUBLIC_KEY, "SHA384"): "ECDSA_SHA384",
        (EC_PUBLIC_KEY, "SHA512"): "hashAlgorithmOID",
        (RSA_ENCRYPTION, "SHA256"): "RSA_PKCS1_SHA256",
        (RSA_ENCRYPTION, "SHA384"): "RSA_PKCS1_SHA384",
        (RSA_ENCRYPTION, "SHA512"): "RSA_PKCS1_SHA512",
    }
    for oid in (EC_PUBLIC_KEY, RSA_ENCRYPTION):
        with pytest.raises(MissingParameter):
            chosen(oid, None, None)


def test_pss_takes_the_parameters_of_sha256_and_no_other():
    without_null = "MDCgDTALBglghkgBZQMEAgGhGjAYBgkqhkiG9w0BAQgwCwYJYIZIAWUDBAIBogMCASA="
    for parameters in (PSS_SHA256_PARAMETERS, without_null):
        assert chosen(PSS.oid, parameters, None) is PSS
        assert chosen(PSS.oid, parameters, HashAlgorithm.SHA256.oid) is PSS
    with pytest.raises(MissingParameter):
        chosen(PSS.oid, None, HashAlgorithm.SHA256.oid)
    with pytest.raises(HashContradictsAlgorithm):
        chosen(PSS.oid, PSS_SHA256_PARAMETERS, HashAlgorithm.SHA384.oid)
    sha384 = "MDSgDzANBglghkgBZQMEAgIFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgIFAKIDAgEw"
    salt_0 = PSS_SHA256_PARAMETERS[:-4] + "AgEA"
    for parameters in ("", "MAA=", "%", "é", "BQA=", sha384, salt_0, PSS_SHA256_PARAMETERS + "AA=="):
        with pytest.raises(InvalidParameter):
            chosen(PSS.oid, parameters, None)


def test_other_algorithms_take_no_parameters_but_the_null_of_rsa():
    assert chosen(RSA_ENCRYPTION, NULL_PARAMETERS, HashAlgorithm.SHA256.oid) is SignatureAlgorithm.RSA_PKCS1_SHA256
    for oid, parameters in ((EC_PUBLIC_KEY, NULL_PARAMETERS), (COMBINED[0].oid, "BQA="), (RSA_ENCRYPTION, "MAA=")):
        with pytest.raises(InvalidParameter):
            chosen(oid, parameters, HashAlgorithm.SHA256.oid)


@pytest.mark.parametrize("key_type", KeyType)
def test_keys_publish_combined_oids_first_and_parameters_beside_each(key_type):
    algos = key_algorithms(key_type)
    assert algos[:-1] == [algorithm.oid for algorithm in key_type.algorithms]
    assert algos[-1] in {EC_PUBLIC_KEY, RSA_ENCRYPTION}
    assert len(algorithm_parameters(key_type)) == (len(algos) if key_type.is_rsa else 0)
