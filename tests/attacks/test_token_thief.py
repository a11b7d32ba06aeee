"""Who holds a token or a SAD that was spent, is another's, or has ended (attacks §4: T1, T2, T6, T10, T11, T13).

Everything goes over HTTP to the real application, with the real SAM and the real token behind it.
"""

from __future__ import annotations

from itertools import product

import pytest

from signer.sam.protocol import SetState, SignDocument
from tests.support.sam_bench import SHA256
from tests.support.thief import (
    CREDENTIAL,
    ENDED,
    KINDS,
    ONE,
    OTHER,
    SAD,
    TWO,
    Thief,
    b64,
    contents,
    evidence,
    neighbour,
    sign,
    values,
)
from tests.support.web_bench import WebBench

# -- T1: once -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_spent_sad_gives_the_same_bytes_and_never_meets_the_key_again__t1(web, thief, kind):
    service, sad = web.service_token(web.a), web.authorise(web.a, contents(kind), kind)
    twice = values(sign(web, web.a, sad, kind, (0, 0)))
    assert twice[0] == twice[1]
    assert len(web.bench.uses) == 1
    both = values(sign(web, web.a, sad, kind))
    assert both[0] == twice[0]
    used = list(web.bench.uses)
    assert len(used) == len(set(used)) == 2
    for _ in range(3):
        assert values(sign(web, web.a, sad, kind)) == both
        assert values(sign(web, web.a, service, kind, (1, 0), SAD=sad)) == both[::-1]
    assert web.bench.uses == used
    thief.refused(
        lambda: web.sign_hash(web.a, sad, [OTHER]), "Hash is not authorized by the SAD", "DigestNotAuthorised"
    )
    assert [row["positions"] for row in evidence(web, "signed")] == [[0], [1]]


# -- T2: for one credential, through one portal -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_only_the_diagonal_of_bearer_sad_and_credential_signs__t2(web, thief, kind):
    """Two portals with two citizens each, whose accounts have the same names: every bearer, SAD and credentialID."""
    people = [web.a, neighbour(web, web.a, "bogdan", 1), web.b, neighbour(web, web.b, "ana", 2)]
    sads = [web.authorise(person, contents(kind), kind) for person in people]
    clients = dict(zip(sads, people, strict=True))
    services = {web.service_token(portal): portal for portal in (web.a, web.b)}
    signed = 0
    for bearer, sad, named in product([*services, *sads], [None, *sads], people):

        def attack(bearer=bearer, sad=sad, named=named):
            return sign(web, named, bearer, kind, (0,), SAD=sad)

        effective = bearer if bearer in clients else sad
        if effective is None:
            thief.refused(attack, "Missing (or invalid type) string parameter SAD", "MissingParameter: SAD")
        elif bearer in clients and sad not in {None, bearer}:
            thief.refused(attack, SAD, "InvalidParameter: another than the token")
        elif bearer in services and services[bearer].client != clients[effective].client:
            thief.refused(attack, CREDENTIAL, "CredentialMismatch: client")
        elif named.credential != clients[effective].credential:
            thief.refused(attack, CREDENTIAL, "CredentialMismatch: credential")
        else:
            values(attack())
            signed += 1
    assert signed == 12  # for each person: the SAD alone, in both places, and beside the own portal's service token
    assert len(web.bench.uses) == len(people)


# -- T6: a code once (simultaneous redemptions: test_token_thief_races.py) --------------------------------------------------


@pytest.mark.parametrize("sam_answers", [True, False])
def test_a_code_used_again_kills_its_token_in_every_place__t6(web, thief, sam_answers):
    """Also when the SAM cannot be told at that moment: nothing is tried again later, so `web` itself must remember."""
    service = web.service_token(web.a)
    browser = web.browser()
    browser.authorise(web.pushed(web.a, [ONE]))
    code = browser.answer["code"]
    sad = web.token(web.a, code).json["access_token"]
    used = {"status": 400, "error": "invalid_grant"}
    text = "Authorization code is invalid or expired"
    thief.refused(lambda: web.token(web.b, code), text, "CodeUnknown", **used)  # another client's try ends nothing
    first = values(web.sign_hash(web.a, sad, [ONE]))
    web.channel.down = not sam_answers
    thief.refused(lambda: web.token(web.a, code), text, "CodeUnknown", **used)
    web.channel.down = False
    thief.refused(lambda: web.sign_hash(web.a, sad, [ONE]), ENDED, "TokenEnded", status=401, error="expired_token")
    for kind in ("dtbsr", "sdr"):
        thief.refused(lambda k=kind: sign(web, web.a, service, k, (0,), SAD=sad), SAD, "InvalidParameter: revoked")
    assert len(evidence(web, "transaction cancelled")) == sam_answers
    again = web.authorise(web.a, [ONE])
    assert values(web.sign_hash(web.a, service, [ONE], SAD=again)) != first
    assert web.bench.uses == [ONE, ONE]


def test_a_revoked_token_is_dead_in_every_place_while_the_sam_is_down__t6(web, thief):
    service, sad = web.service_token(web.a), web.authorise(web.a, [ONE])
    web.channel.down = True
    answer = web.http.post("/oauth2/revoke", data={"token": sad}, headers=web.a.basic)
    assert answer.status_code == 503
    web.channel.down = False
    thief.refused(lambda: web.sign_hash(web.a, sad, [ONE]), ENDED, "TokenEnded", status=401, error="expired_token")
    thief.refused(lambda: web.sign_hash(web.a, service, [ONE], SAD=sad), SAD, "InvalidParameter: revoked")
    twin = web.authorise(web.a, [ONE])
    assert web.sign_hash(web.a, service, [ONE], SAD=twin).status_code == 200


# -- T10: asking for what was signed before --------------------------------------------------------------------------------


def revoke_token(web: WebBench, sad: str) -> None:
    answer = web.http.post("/oauth2/revoke", data={"token": sad}, headers=web.a.basic)
    assert answer.status_code == 204


ENDINGS = {
    "the SAD is too old": (lambda web, sad: web.clock.advance(minutes=5), "SAD expired", "SadExpired"),
    "the token was revoked": (revoke_token, SAD, "InvalidParameter: revoked"),
    "the credential was suspended": (
        lambda web, sad: web.bench.admin(SetState(web.a.credential, "suspended")), SAD, "TransactionClosed: cancelled",
    ),
    "the certificate was revoked": (
        lambda web, sad: web.bench.admin(SetState(web.a.credential, "revoked")), SAD, "TransactionClosed: cancelled",
    ),
    "a new authorization replaced it": (
        lambda web, sad: web.browser().get(web.pushed(web.a, [TWO])).press("start"), SAD, "TransactionClosed: replaced",
    ),
}  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_signed_before_is_given_again_once_its_authorisation_ended__t10(web, thief, kind, ending):
    """None of the endings leaves a way to a stored signature; what was signed and what was not read alike."""
    end, description, reason = ENDINGS[ending]
    service, sad = web.service_token(web.a), web.authorise(web.a, contents(kind), kind)
    first = values(sign(web, web.a, sad, kind, (0,)))
    assert values(sign(web, web.a, service, kind, (0,), SAD=sad)) == first
    end(web, sad)
    for order in ((0,), (1,), (0, 1)):
        thief.refused(lambda o=order: sign(web, web.a, service, kind, o, SAD=sad), description, reason)
        answer = sign(web, web.a, sad, kind, order)
        assert answer.status_code in {400, 401}
        assert answer.json["error_description"] in {ENDED, SAD}
    assert len(web.bench.uses) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_another_portal_learns_nothing_from_a_transaction_that_is_not_its_own__t10(web, thief, kind):
    service, foreign = web.service_token(web.a), web.service_token(web.b)
    sad, own = web.authorise(web.a, contents(kind), kind), web.authorise(web.b, contents(kind), kind)
    first = values(sign(web, web.a, sad, kind, (0,)))
    for order in ((0,), (1,), (0, 1)):  # signed or not, the answer is the same
        for named in (web.a, web.b):
            thief.refused(
                lambda o=order, n=named: sign(web, n, foreign, kind, o, SAD=sad),
                CREDENTIAL,
                "CredentialMismatch: client",
            )
        thief.refused(lambda o=order: sign(web, web.a, own, kind, o), CREDENTIAL, "CredentialMismatch: credential")
    mine = values(sign(web, web.b, own, kind, (0,)))  # the same digest, authorised by both citizens
    assert mine != first
    assert values(sign(web, web.a, service, kind, (0,), SAD=sad)) == first
    assert len(web.bench.uses) == 2


# -- T11: no new SAD without the signatory ----------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", ["v2", "v1", "v0"])
@pytest.mark.parametrize(
    "asked", [[ONE, TWO], [ONE], [ONE, OTHER], [OTHER, TWO]], ids=["same", "fewer", "new", "swapped"]
)
def test_there_is_no_way_to_extend_a_transaction__t11(light, caplog, edition, asked):
    thief = Thief(light, caplog)
    service, sad = light.service_token(light.a), light.authorise(light.a, [ONE, TWO])
    body = {"credentialID": light.a.credential, "hashes": [b64(each) for each in asked], "hash": b64(asked[0])}
    body |= {"SAD": sad, "numSignatures": len(asked), "hashAlgorithmOID": SHA256}
    methods = ["credentials/extendTransaction", "signatures/extendTransaction", "credentials/authorize"]
    for method, token in product(methods, (service, sad)):
        thief.refused(
            lambda m=method, t=token: light.http.post(
                f"/csc/{edition}/{m}", json=body, headers={"Authorization": f"Bearer {t}"}
            ),
            "There is no such method", None, status=404,
        )  # fmt: skip
        assert method not in light.call("info", {}).json["methods"]
    assert values(light.sign_hash(light.a, service, [ONE, TWO], SAD=sad))
    assert light.bench.uses == [ONE, TWO]


# -- T13: after the end ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["suspended", "revoked"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_ends_between_the_code_and_the_signature_signs_nothing__t13(web, thief, kind, state):
    service, sad = web.service_token(web.a), web.authorise(web.a, contents(kind), kind)
    twin = web.authorise(web.b, contents(kind), kind)
    web.bench.admin(SetState(web.a.credential, state))
    closed = "TransactionClosed: cancelled"
    thief.refused(lambda: sign(web, web.a, sad, kind), SAD, closed)
    thief.refused(lambda: sign(web, web.a, service, kind, SAD=sad), SAD, closed)
    assert evidence(web, "signing intended", "signed") == []
    if state == "suspended":
        web.bench.admin(SetState(web.a.credential, "active"))
        thief.refused(lambda: sign(web, web.a, sad, kind), SAD, closed)  # it does not come back to life
        assert values(sign(web, web.a, web.authorise(web.a, contents(kind), kind), kind))
    assert values(sign(web, web.b, twin, kind))


def test_a_certificate_that_ends_between_the_code_and_the_signature_signs_nothing__t13(web, thief):
    web.clock.advance(days=89, hours=23, minutes=57)
    sad = web.authorise(web.a, [ONE])
    web.clock.advance(minutes=3)
    first = values(web.sign_hash(web.a, sad, [ONE]))  # the last second of its validity
    web.clock.advance(seconds=1)
    thief.refused(lambda: web.sign_hash(web.a, sad, [ONE]), "Signing certificate is expired", "CertificateExpired")
    assert first
    assert web.bench.uses == [ONE]


def test_a_sad_ends_at_its_second_in_both_places__t13(web, thief):
    service, sad = web.service_token(web.a), web.authorise(web.a, [ONE, TWO])
    web.clock.advance(minutes=4, seconds=59)
    assert values(web.sign_hash(web.a, sad, [ONE]))
    web.clock.advance(seconds=1)
    for hashes_ in ([ONE], [TWO]):
        thief.refused(lambda h=hashes_: web.sign_hash(web.a, service, h, SAD=sad), "SAD expired", "SadExpired")
        thief.refused(
            lambda h=hashes_: web.sign_hash(web.a, sad, h), ENDED, "TokenEnded", status=401, error="expired_token"
        )
    assert web.bench.uses == [ONE]


@pytest.mark.parametrize("ending", [name for name in ENDINGS if "too old" not in name])
def test_between_two_digests_of_a_batch_the_rest_is_refused_and_evidence_tells_which_exist__t13(web, thief, ending):
    end, description, reason = ENDINGS[ending]
    service, sad = web.service_token(web.a), web.authorise(web.a, [ONE, TWO])
    assert values(web.sign_hash(web.a, sad, [ONE]))
    end(web, sad)
    for asked in ([TWO], [ONE, TWO]):
        thief.refused(lambda a=asked: web.sign_hash(web.a, service, a, SAD=sad), description, reason)
    (row,) = evidence(web, "signed")
    assert (row["positions"], row["digests"]) == ([0], [ONE])
    assert [row["positions"] for row in evidence(web, "signing intended")] == [[0]]
    assert web.bench.uses == [ONE]


def test_a_revocation_between_two_documents_of_one_request_stops_the_second__t13(web, thief):
    sad = web.authorise(web.a, contents("sodr"), "sodr")
    honest = web.channel.call

    def call(request, reply):
        answer = honest(request, reply)
        if isinstance(request, SignDocument) and web.channel.calls.count("SignDocument") == 1:
            web.bench.admin(SetState(web.a.credential, "revoked"))
        return answer

    web.channel.call = call
    used: list[bytes] = []
    web.bench.keys.vault.meanwhile = lambda: used.append(web.bench.uses[-1])
    answer = sign(web, web.a, sad, "sodr")
    assert (answer.status_code, answer.json["error_description"]) == (400, SAD)
    assert len(used) == len(web.bench.uses) == 1
    (row,) = evidence(web, "signed")
    assert (row["positions"], row["digests"]) == ([0], [contents("sodr")[0]])
    thief.refused(lambda: sign(web, web.a, sad, "sodr", (0,)), SAD, "TransactionClosed: cancelled")


def test_a_revocation_while_the_key_signs_keeps_the_signatures_in__t13(web, thief):
    """The key is lent once for the batch: both signatures come to exist, evidence says so, and nobody gets them."""
    sad = web.authorise(web.a, [ONE, TWO])
    vault = web.bench.keys.vault

    def revoke() -> None:
        vault.meanwhile = list
        web.bench.admin(SetState(web.a.credential, "revoked"))

    vault.meanwhile = revoke
    attack = lambda: web.sign_hash(web.a, sad, [ONE, TWO])  # noqa: E731  # tried twice
    thief.refused(attack, SAD, "TransactionClosed: cancelled", uses=(ONE, TWO))
    thief.refused(attack, SAD, "TransactionClosed: cancelled")
    events = [row["event"] for row in evidence(web, "signing intended", "state changed", "signed")]
    assert events == ["signing intended", "state changed", "signed"]
    assert evidence(web, "signed")[0]["positions"] == [0, 1]


def test_after_logging_out_the_token_signs_nothing_in_any_place__t13(web, thief):
    service, sad = web.service_token(web.a), web.authorise(web.a, [ONE])
    revoke_token(web, sad)
    thief.refused(lambda: web.sign_hash(web.a, sad, [ONE]), ENDED, "TokenEnded", status=401, error="expired_token")
    thief.refused(lambda: web.sign_hash(web.a, service, [ONE], SAD=sad), SAD, "InvalidParameter: revoked")
    assert len(evidence(web, "transaction cancelled")) == 1
    twin = web.authorise(web.a, [ONE])
    answer = web.http.post("/oauth2/revoke", data={"token": twin}, headers=web.b.basic)  # another portal's wish
    assert answer.status_code == 204
    assert values(web.sign_hash(web.a, service, [ONE], SAD=twin))
