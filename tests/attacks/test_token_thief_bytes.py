"""Who holds a good SAD and plays with order, spelling and algorithms (attacks §4: T9, T12)."""

from __future__ import annotations

import base64
from itertools import product
from urllib.parse import quote

import pytest
from asn1crypto.algos import RSASSAPSSParams

from api.csc.algorithms import EC_PUBLIC_KEY, NULL_PARAMETERS, PSS_SHA256_PARAMETERS, RSA_ENCRYPTION
from core.algorithms import HashAlgorithm, KeyType, SignatureAlgorithm
from tests.support.sam_bench import SHA256, digest
from tests.support.thief import (
    DOCUMENTS,
    ONE,
    TWO,
    Thief,
    b64,
    contents,
    neighbour,
    sign,
    values,
    verify,
)
from tests.support.web_bench import ECDSA_OID, Portal, WebBench

SPECIAL = next(
    d for d in map(digest, map(str, range(999))) if {b"+", b"/"} <= {bytes([c]) for c in base64.b64encode(d)}
)


# -- T9: order, number and spelling ---------------------------------------------------------------------------------------


def test_each_signature_is_over_the_hash_in_its_place__t9(web):
    sad = web.authorise(web.a, [ONE, TWO])
    of: dict[bytes, set[str]] = {ONE: set(), TWO: set()}
    for order in ([TWO, ONE], [ONE, ONE], [ONE, TWO], [TWO], [TWO, ONE, TWO, TWO, ONE]):
        answer = values(web.sign_hash(web.a, sad, order))
        assert len(answer) == len(order)
        for signature, over in zip(answer, order, strict=True):
            verify(web, web.a, signature, over)
            of[over].add(signature)
    assert [len(signatures) for signatures in of.values()] == [1, 1]
    assert sorted(web.bench.uses) == sorted([ONE, TWO])


def test_each_signed_document_is_in_its_place__t9(web):
    sad = web.authorise(web.a, contents("sodr"), "sodr")
    for order in ((1, 0), (0, 1), (0, 0, 1)):
        signed = values(sign(web, web.a, sad, "sodr", order))
        assert [base64.b64decode(each).startswith(DOCUMENTS[n]) for each, n in zip(signed, order, strict=True)] == [
            True
        ] * len(order)
    assert len(web.bench.uses) == 2


def test_every_accepted_spelling_of_a_hash_is_the_same_hash__t9(web):
    sad = web.authorise(web.a, [SPECIAL])
    standard, safe = b64(SPECIAL), base64.urlsafe_b64encode(SPECIAL).decode()
    spellings = [standard, standard.rstrip("="), safe, safe.rstrip("="), quote(standard, safe="")]
    answers = {tuple(values(web.sign_hash(web.a, sad, [ONE], hashes=[each]))) for each in spellings}
    assert len(answers) == 1
    assert len(set(values(web.sign_hash(web.a, sad, [ONE], hashes=spellings)))) == 1  # and they count as one
    assert web.bench.uses == [SPECIAL]
    verify(web, web.a, answers.pop()[0], SPECIAL)


def misspellings() -> dict[str, str]:
    standard = b64(SPECIAL)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = letters[letters.index(standard[-2]) + 1]  # its two lowest bits encode nothing
    return {
        "trailing bits": standard[:-2] + last + "=",
        "trailing bits, unpadded": standard[:-2] + last,
        "blank in front": " " + standard,
        "line end": standard + "\n",
        "line end, percent": quote(standard + "\n", safe=""),
        "blank within": standard[:8] + " " + standard[8:],
        "plus read as blank": standard.replace("+", " "),
        "percent twice": quote(quote(standard, safe=""), safe=""),
        "hexadecimal": SPECIAL.hex(),
        "padding within": standard[:20] + "=" + standard[20:],
        "full-width letters": standard[:1] + chr(0xFF21) + standard[2:],
        "nul": standard + "\x00",
        "base64 twice": b64(standard.encode()),
        "data address": "data:;base64," + standard,
    }


@pytest.mark.parametrize("how", misspellings())
def test_other_spellings_of_an_authorised_hash_are_refused__t9(light, caplog, how):
    thief, sad = Thief(light, caplog), light.authorise(light.a, [SPECIAL])
    wrong_length = how in {"hexadecimal", "base64 twice"}
    description = "Invalid digest value length" if wrong_length else "Invalid Base64 hash string parameter"
    reason = "WrongDigestLength" if wrong_length else "InvalidHashEncoding"
    spelt = misspellings()[how]
    thief.refused(lambda: light.sign_hash(light.a, sad, [], hashes=[spelt]), description, reason)
    thief.refused(lambda: light.sign_hash(light.a, sad, [], hashes=[b64(SPECIAL), spelt]), description, reason)
    assert values(light.sign_hash(light.a, sad, [SPECIAL]))
    assert light.bench.uses == [SPECIAL]


# -- T12: the same bytes under another algorithm ----------------------------------------------------------------------------

SAME_LENGTH = {  # hashes of 32, 48 and 64 bytes
    32: [SHA256, "2.16.840.1.101.3.4.2.8", "2.16.840.1.101.3.4.2.6", "1.0.10118.3.0.55", "1.2.156.10197.1.401"],
    48: [HashAlgorithm.SHA384.oid, "2.16.840.1.101.3.4.2.9"],
    64: [HashAlgorithm.SHA512.oid, "2.16.840.1.101.3.4.2.10"],
}
BY_LENGTH = {length: bytes(range(length)) for length in SAME_LENGTH}


def named(algorithm: SignatureAlgorithm, *, generic: bool = False) -> dict:
    """Return the members that name an algorithm."""
    if algorithm is SignatureAlgorithm.RSA_PSS_SHA256:
        return {"signAlgo": algorithm.oid, "signAlgoParams": PSS_SHA256_PARAMETERS}
    if generic:
        oid = EC_PUBLIC_KEY if algorithm.name.startswith("ECDSA") else RSA_ENCRYPTION
        return {"signAlgo": oid, "hashAlgorithmOID": algorithm.hash.oid}
    return {"signAlgo": algorithm.oid}


def authorise_for(web: WebBench, portal: Portal, algorithm: SignatureAlgorithm, value: bytes) -> str:
    details = web.details(portal, [value], hashAlgorithmOID=algorithm.hash.oid, signAlgo=algorithm.oid)
    browser = web.browser()
    browser.authorise(web.pushed(portal, [value], authorization_details=details))
    return web.token(portal, browser.answer["code"]).json["access_token"]


@pytest.mark.slow
@pytest.mark.parametrize("key_type", [KeyType.RSA_3072, KeyType.EC_P256], ids=lambda k: k.value)
def test_what_was_authorised_for_one_algorithm_is_signed_with_no_other__t12(light, caplog, key_type):
    """Every algorithm a key has against every spelling of every algorithm we list."""
    thief, portal = Thief(light, caplog), neighbour(light, light.a, "elena", 1, key_type=key_type.value)
    for bound in key_type.algorithms:
        value = BY_LENGTH[bound.hash.size]
        service, sad = light.service_token(portal), authorise_for(light, portal, bound, value)

        def ask(algorithm, generic, token=service, value=value, sad=sad):
            return light.sign_hash(portal, token, [value], SAD=sad, **named(algorithm, generic=generic))

        for other, generic in product([each for each in SignatureAlgorithm if each is not bound], (False, True)):
            if other.hash is bound.hash:
                expected = ("Invalid parameter signAlgo", "AlgorithmNotAuthorised")
            else:
                expected = ("Invalid digest value length", "WrongDigestLength")
            thief.refused(lambda o=other, g=generic, a=ask: a(o, g), *expected)
        assert values(ask(bound, generic=False)) == values(ask(bound, generic=True))
        light.clock.advance(minutes=20)
    assert light.bench.uses == [BY_LENGTH[each.hash.size] for each in key_type.algorithms]


@pytest.mark.parametrize("length", SAME_LENGTH)
def test_a_digest_under_another_hash_of_equal_length_is_refused_before_any_sms__t12(light, caplog, length):
    thief, (listed, *others) = Thief(light, caplog), SAME_LENGTH[length]
    value = BY_LENGTH[length]
    for oid in others:
        claims = light.claims(
            light.a, [value], authorization_details=light.details(light.a, [value], hashAlgorithmOID=oid)
        )
        thief.refused(
            lambda c=claims: light.push(light.a, light.signed(light.a, c)),
            "Invalid parameter authorization_details", "DetailsInvalid", error="invalid_authorization_details",
        )  # fmt: skip
    details = light.details(light.a, [value], hashAlgorithmOID=listed)
    assert light.pushed(light.a, [value], authorization_details=details)


@pytest.mark.parametrize("algorithm", [ECDSA_OID, EC_PUBLIC_KEY])
def test_the_hash_cannot_change_after_the_authorisation__t12(light, caplog, algorithm):
    thief, sad = Thief(light, caplog), light.authorise(light.a, [ONE])
    for oids in SAME_LENGTH.values():
        for oid in oids:
            if oid == SHA256:
                continue
            curve = algorithm == EC_PUBLIC_KEY and oid == HashAlgorithm.SHA384.oid  # P-384's: then the length is wrong
            thief.refused(
                lambda o=oid: light.sign_hash(light.a, sad, [ONE], signAlgo=algorithm, hashAlgorithmOID=o),
                "Invalid digest value length" if curve else "Invalid parameter hashAlgorithmOID",
                "WrongDigestLength" if curve else "InvalidParameter",
            )
    assert values(light.sign_hash(light.a, sad, [ONE], signAlgo=algorithm, hashAlgorithmOID=SHA256))


def pss(hash_="sha256", mask="sha256", salt=32, trailer=1) -> str:
    parameters = RSASSAPSSParams(
        {
            "hash_algorithm": {"algorithm": hash_},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": mask}},
            "salt_length": salt,
            "trailer_field": trailer,
        }
    )
    return b64(parameters.dump())


PSS_GAMES = {
    "absent": None,
    "empty: the defaults, SHA-1": "MAA=",
    "NULL": NULL_PARAMETERS,
    "salt 0": pss(salt=0),
    "salt 20": pss(salt=20),
    "salt 33": pss(salt=33),
    "MGF1 with SHA-1": pss(mask="sha1"),
    "MGF1 with SHA-512": pss(mask="sha512"),
    "SHA-1": pss("sha1", "sha1", 20),
    "SHA-512": pss("sha512", "sha512", 64),
    "SHA3-256": pss("sha3_256", "sha3_256"),
    "another trailer": pss(trailer=2),
    "more behind": b64(base64.b64decode(PSS_SHA256_PARAMETERS) + b"\x05\x00"),
    "cut": b64(base64.b64decode(PSS_SHA256_PARAMETERS)[:-1]),
    "no base64": "?" + PSS_SHA256_PARAMETERS,
}


@pytest.mark.slow
def test_pss_parameters_are_the_ones_of_the_algorithm_and_nothing_else__t12(light, caplog):
    thief, portal = Thief(light, caplog), neighbour(light, light.a, "elena", 1, key_type="rsa-3072")
    sad = authorise_for(light, portal, SignatureAlgorithm.RSA_PSS_SHA256, ONE)
    oid = SignatureAlgorithm.RSA_PSS_SHA256.oid
    for how, parameters in PSS_GAMES.items():
        absent = how == "absent"
        thief.refused(
            lambda p=parameters: light.sign_hash(portal, sad, [ONE], signAlgo=oid, signAlgoParams=p),
            ("Missing (or invalid type) string" if absent else "Invalid") + " parameter signAlgoParams",
            "MissingParameter" if absent else "InvalidParameter",
        )
    for parameters in (PSS_SHA256_PARAMETERS, pss()):
        assert values(light.sign_hash(portal, sad, [ONE], signAlgo=oid, signAlgoParams=parameters))
    assert light.bench.uses == [ONE]
