"""Opening a transaction: the portal's word, the limits, the message."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from core import base64url
from core.errors import ClockInDoubt, Malformed, MalformedDigest
from core.factors import SmsNotSent, ThrottledUntil
from signer.sam.errors import (
    AlgorithmNotAuthorised,
    CertificateExpired,
    CredentialNotUsable,
    CredentialUnknown,
    PortalUnknown,
    RequestObjectInvalid,
    TooManySignatures,
    TransactionClosed,
    TransactionUnknown,
    UnsignedRequestNotAllowed,
)
from signer.sam.protocol import (
    AuthorisedDigest,
    CancelTransaction,
    CarriedRequest,
    OpenTransaction,
    RegisterPortal,
    SetState,
    ShowTransaction,
    SubmitCode,
)
from tests.support.sam_bench import SHA256, digest

ONE = digest("one")


def opened(bench, token, client="portal-a"):
    return bench.ask(OpenTransaction(client, "ro", token))


def test_the_page_gets_names_labels_and_the_last_two_digits_of_the_phone(bench):
    view = bench.open(ONE, digest("two"))
    assert view.signatory_name == "Ana Pop-Ștefănescu"
    assert view.labels == ["0.pdf", "1.pdf"]
    assert view.phone_tail == "11"
    assert view.signed_by_portal
    assert view.state == "open"


def test_page_and_message_show_the_same_fingerprint(bench):
    view = bench.open(ONE)
    assert f"Amprenta {view.fingerprint}," in bench.phone.messages[-1].text


def test_the_same_content_twice_gives_another_fingerprint_and_another_code(bench):
    first = bench.open(ONE)
    code = bench.phone.code
    second = bench.open(ONE)
    assert second.fingerprint != first.fingerprint
    assert bench.phone.code != code


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "portal-b"},
        {"client_id": "portal-b"},
        {"aud": "https://elsewhere.example"},
        {"aud": ["https://service.example.com"]},
        {"iat": 0},
        {"exp": 0},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 10**18},
        {"jti": None},
        {"jti": "x" * 129},
    ],
)
def test_a_request_object_not_from_this_portal_for_us_and_now_is_refused__rfc9101(bench, changes):
    with pytest.raises(RequestObjectInvalid):
        opened(bench, bench.request_object(digests=[ONE], **changes))
    assert not bench.phone.messages
    assert opened(bench, bench.request_object(digests=[ONE])).state == "open"


def test_another_key_does_not_speak_for_the_portal(bench):
    with pytest.raises(RequestObjectInvalid):
        opened(bench, bench.request_object(digests=[ONE], signer=ECKey.generate_key("P-256")))


def test_one_changed_byte_of_the_request_is_refused(bench):
    head, payload, signature = bench.request_object(digests=[ONE]).split(".")
    with pytest.raises(RequestObjectInvalid):
        opened(bench, f"{head}.{payload[:-2]}AA.{signature}")


def test_a_request_opens_one_transaction_only(bench):
    token = bench.request_object(digests=[ONE])
    opened(bench, token)
    with pytest.raises(RequestObjectInvalid):
        opened(bench, token)


def test_a_portals_request_is_of_no_use_to_another_portal(bench):
    with pytest.raises(RequestObjectInvalid):
        opened(bench, bench.request_object(digests=[ONE]), client="portal-b")


@pytest.mark.parametrize("account", ["bogdan", "nobody"])
def test_a_foreign_and_an_unknown_credential_are_refused_alike(bench, account):
    with pytest.raises(CredentialUnknown):
        opened(bench, bench.request_object(account=account, digests=[ONE]))


def test_the_account_in_the_portals_word_must_be_the_credentials(bench):
    token = {"sub": "somebody-else", "azp": "portal-a"}
    from core import base64url

    crossed = f"e30.{base64url.encode(json.dumps(token).encode())}.x"
    with pytest.raises(CredentialUnknown):
        opened(bench, bench.request_object(digests=[ONE], account_token=crossed))


def test_an_unknown_portal_opens_nothing(bench):
    with pytest.raises(PortalUnknown):
        opened(bench, bench.request_object(digests=[ONE]), client="portal-c")


def test_more_digests_than_allowed_are_refused(bench):
    with pytest.raises(TooManySignatures):
        bench.open(*[digest(str(i)) for i in range(101)])


def test_a_request_that_the_portal_did_not_sign_needs_a_credential_that_allows_it(bench):
    carried = CarriedRequest("ana", bench.credentials["ana"], SHA256, [AuthorisedDigest("dtbsr", ONE, "x")])
    with pytest.raises(UnsignedRequestNotAllowed):
        bench.ask(OpenTransaction("portal-a", "ro", None, carried))
    lower = bench.enrol("Carol", "Low", "PNORO-3", "+40722000333", "portal-a", "carol", allow_carried=True)
    carried = CarriedRequest("carol", lower, SHA256, [AuthorisedDigest("dtbsr", ONE, "x")])
    assert not bench.ask(OpenTransaction("portal-a", "ro", None, carried)).signed_by_portal


@pytest.mark.parametrize(
    ("digests", "refusal"),
    [([], Malformed), ([AuthorisedDigest("dtbsr", ONE[:-1], "x")], MalformedDigest)],
)
def test_a_request_that_the_portal_did_not_sign_has_the_form_of_one_that_it_did(bench, digests, refusal):
    lower = bench.enrol("Carol", "Low", "PNORO-3", "+40722000333", "portal-a", "carol", allow_carried=True)
    with pytest.raises(refusal):
        bench.ask(OpenTransaction("portal-a", "ro", None, CarriedRequest("carol", lower, SHA256, digests)))
    assert not bench.phone.messages


def test_a_portal_without_a_request_key_signs_no_request(bench):
    bench.admin(RegisterPortal("portal-a", "Primăria portal-a", "Primaria portal-a", None))
    with pytest.raises(RequestObjectInvalid, match="no request key"):
        bench.open(ONE)
    assert not bench.phone.messages


def test_what_the_portal_signed_as_something_else_is_no_request(bench):
    """Or whatever else it signs with this key, an assertion of who it is say, opened a transaction (RFC 9101 §10.8)."""
    honest = bench.request_object(digests=[ONE])
    payload = base64url.decode(honest.split(".")[1])
    for kind in ({"typ": "JWT"}, {}):
        header = {"alg": "ES256"} | kind
        other = jws.serialize_compact(header, payload, bench.request_keys["portal-a"], algorithms=["ES256"])
        with pytest.raises(RequestObjectInvalid, match="type"):
            opened(bench, other)
    assert not bench.phone.messages
    assert opened(bench, honest).state == "open"


@pytest.mark.parametrize("token", [{"sub": "ana", "azp": "portal-b"}, {"sub": 7, "azp": "portal-a"}, {"sub": "ana"}])
def test_the_portals_word_for_an_account_is_its_own(bench, token):
    said = f"e30.{base64url.encode(json.dumps(token).encode())}.x"
    with pytest.raises(RequestObjectInvalid, match="account_token"):
        opened(bench, bench.request_object(digests=[ONE], account_token=said))
    assert not bench.phone.messages


def test_digests_of_a_hash_that_the_key_has_no_algorithm_for_are_refused__i6(bench):
    detail = {
        "type": "credential",
        "credentialID": bench.credentials["ana"],
        "hashAlgorithmOID": "2.16.840.1.101.3.4.2.3",
        "documentDigests": [{"hash": base64url.encode(bytes(64)), "label": "x"}],
    }
    with pytest.raises(AlgorithmNotAuthorised):
        opened(bench, bench.request_object(authorization_details=[detail]))
    assert not bench.phone.messages


def test_exactly_one_kind_of_request_is_given(bench):
    with pytest.raises(Malformed):
        bench.ask(OpenTransaction("portal-a", "ro"))


def test_one_open_transaction_for_a_credential(bench):
    first = bench.open(ONE)
    code = bench.phone.code
    bench.open(digest("two"))
    with pytest.raises(TransactionClosed):
        bench.ask(SubmitCode(first.transaction, "portal-a", code))


def test_five_codes_a_day_and_the_sixth_names_the_time(bench):
    for number in range(5):
        bench.open(digest(str(number)))
    first = bench.clock.now()
    with pytest.raises(ThrottledUntil) as refusal:
        bench.open(ONE)
    assert refusal.value.until == (first + timedelta(days=1)).isoformat()
    assert len(bench.phone.messages) == 5
    bench.clock.advance(hours=24, seconds=1)
    assert bench.open(ONE).state == "open"


def test_thirty_codes_a_month(bench):
    for number in range(30):
        bench.open(digest(str(number)))
        bench.clock.advance(hours=5)
    with pytest.raises(ThrottledUntil, match="month"):
        bench.open(ONE)


def test_a_gateway_that_fails_costs_no_allowance(bench):
    bench.phone.fails = True
    for _ in range(6):
        with pytest.raises(SmsNotSent):
            bench.open(ONE)
    bench.phone.fails = False
    assert bench.open(ONE).state == "open"


@pytest.mark.parametrize("state", ["suspended", "revoked"])
def test_a_credential_that_is_not_active_opens_nothing(bench, state):
    bench.admin(SetState(bench.credentials["ana"], state))
    with pytest.raises(CredentialNotUsable):
        bench.open(ONE)


def test_suspension_ends_what_is_open(bench):
    view = bench.open(ONE)
    bench.admin(SetState(bench.credentials["ana"], "suspended"))
    bench.admin(SetState(bench.credentials["ana"], "active"))
    with pytest.raises(TransactionClosed):
        bench.ask(SubmitCode(view.transaction, "portal-a", bench.phone.code))


def test_revocation_is_for_good(bench):
    bench.admin(SetState(bench.credentials["ana"], "revoked"))
    with pytest.raises(CredentialNotUsable):
        bench.admin(SetState(bench.credentials["ana"], "active"))


def test_an_expired_certificate_opens_nothing(bench):
    bench.clock.advance(days=91)
    with pytest.raises(CertificateExpired):
        bench.open(ONE)


def test_a_clock_that_went_back_stops_everything(bench):
    bench.clock.advance(hours=2)
    bench.open(ONE)
    bench.clock.advance(hours=-1)
    with pytest.raises(ClockInDoubt):
        bench.open(ONE, client="portal-b", account="bogdan")
    assert len(bench.phone.messages) == 1
    bench.clock.advance(hours=1)
    assert bench.open(ONE, client="portal-b", account="bogdan").state == "open"


def test_another_client_sees_and_cancels_nothing(bench):
    view = bench.open(ONE)
    for request in (ShowTransaction, CancelTransaction):
        with pytest.raises(TransactionUnknown):
            bench.ask(request(view.transaction, "portal-b"))
    assert bench.ask(ShowTransaction(view.transaction, "portal-a")).state == "open"
