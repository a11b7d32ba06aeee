"""Who may do what without a login, and what an administrator may do alone: the whole table, tried."""

from __future__ import annotations

import pytest
from cryptography import x509

from ca.admin_protocol import ByOperator, NotMandated, NotSignedIn
from ca.client import CaAdmin
from ca.mandates import MANDATES
from ca.protocol import RequestMalformed
from core.algorithms import KeyType
from tests.support.software_hsm import SoftwareSigningKey

LEGAL = ("Primăria Exemplu", "VATRO-4267095", "Primăria Exemplu")
WITHOUT_LOGIN = {"suspend", "publish", "renew responder"}


@pytest.fixture
def world(bench):
    """Return an authority with one good and one suspended certificate, and a responder; and its deeds."""
    bench.certify_list_signer()
    bench.responder_key = SoftwareSigningKey(KeyType.EC_P256)
    bench.certify("ocsp", key=bench.responder_key)
    bench.good, bench.held = (f"{bench.issue().serial_number:040x}" for _ in range(2))
    bench.admin.suspend(bench.held)
    return bench


def deeds(world) -> dict:
    """Return every deed that one person may be mandated to do, as a call on what that person holds."""
    return {
        "certify": [
            lambda ca: ca.certify("tsu", world.request("TEST Unit 2")),
            lambda ca: ca.certify("ocsp", world.request("TEST OCSP Responder 2")),
            lambda ca: ca.certify("list-signer", world.request("TEST List Signer 2")),
            lambda ca: ca.certify_legal_person(world.request("Primăria Exemplu"), *LEGAL),
        ],
        "renew responder": [lambda ca: ca.certify("ocsp", world.request("TEST Renewed", world.responder_key))],
        "revoke": [
            lambda ca: ca.revoke(world.good, "superseded", rehearse=True),
            lambda ca: ca.revoke(world.good, "superseded"),
        ],
        "suspend": [lambda ca: ca.suspend(world.good, rehearse=True), lambda ca: ca.suspend(world.good)],
        "resume": [lambda ca: ca.resume(world.held)],
        "publish": [lambda ca: ca.publish_crl(), lambda ca: ca.publish_trusted_list()],
    }


DEEDS = ("certify", "renew responder", "revoke", "suspend", "resume", "publish")


def test_the_table_is_what_the_tests_try():
    assert {"operator": WITHOUT_LOGIN, "admin": set(DEEDS)} == MANDATES


@pytest.mark.parametrize("deed", DEEDS)
def test_an_administrator_may_do_it(world, deed):
    for do in deeds(world)[deed]:
        assert do(world.admin)


@pytest.mark.parametrize("deed", sorted(set(DEEDS) - WITHOUT_LOGIN))
def test_without_a_login_it_is_refused_and_no_key_is_used(world, deed):
    uses = len(world.signatures)
    for do in deeds(world)[deed]:
        with pytest.raises(NotMandated, match=f"to {deed}: sign in as an administrator"):
            do(world.operator)
    assert len(world.signatures) == uses
    assert world.admin.describe(world.good).status == "good"
    assert world.admin.describe(world.held).status == "suspended"


@pytest.mark.parametrize("deed", sorted(WITHOUT_LOGIN))
def test_without_a_login_the_brake_can_be_put_on_and_what_was_set_up_kept_alive(world, deed):
    for do in deeds(world)[deed]:
        assert do(world.operator)


@pytest.mark.parametrize("deed", DEEDS)
def test_a_session_that_is_over_is_no_administrators_and_no_operators_either(world, deed):
    stale = world.admin
    world.clock.advance(minutes=5)
    for do in deeds(world)[deed]:
        with pytest.raises(NotSignedIn):
            do(stale)


@pytest.mark.parametrize("how", ["new", "revoked", "suspended", "another part's", "as another part"])
def test_only_a_key_that_answers_already_is_certified_again_without_a_login(world, how):
    key, kind = world.responder_key, "ocsp"
    if how == "new":
        key = SoftwareSigningKey(KeyType.EC_P256)
    elif how == "another part's":
        key = SoftwareSigningKey(KeyType.EC_P256)
        world.certify("tsu", key=key)
    elif how == "as another part":
        kind = "tsu"
    else:
        (serial,) = [each.serial for each in world.authority.list(all_lines()).certificates if each.profile == "ocsp"]
        world.admin.suspend(serial)
        if how == "revoked":
            world.admin.revoke(serial, "keyCompromise")
    with pytest.raises(NotMandated):
        world.operator.certify(kind, world.request("TEST Renewed", key))


def test_who_asks_comes_before_what_they_sent(world):
    with pytest.raises(NotMandated):
        world.operator.certify_legal_person(b"junk", *LEGAL)
    with pytest.raises(RequestMalformed):
        world.admin.certify_legal_person(b"junk", *LEGAL)


def test_the_log_says_who_it_was_and_who_only_said_so(world):
    world.operator.suspend(world.good)
    world.admin.resume(world.good)
    CaAdmin(world.admin_caller, ByOperator("x" * 10_000)).suspend(world.good)
    with world.database.reading() as connection:
        rows = [row for _number, row in world.authority._parts.audit.rows(connection)]
    wanted = [row["by"] for row in rows if row["event"] == "status changed" and row["serial"] == world.good]
    assert wanted == ["ca", "operator ana", "admin ana", "operator " + "x" * 60]


def all_lines():
    from ca.protocol import ListCertificates

    return ListCertificates()


def test_a_legal_persons_certificate_says_who_vetted_it(world):
    der = world.admin.certify_legal_person(world.request("Primăria Exemplu"), *LEGAL).certificate
    serial = f"{x509.load_der_x509_certificate(der).serial_number:040x}"
    with world.database.reading() as connection:
        row = connection.exec_driver_sql("SELECT grounds FROM certificates WHERE serial = ?", (serial,)).one()
    assert b"vetted_by" in row[0]
    assert b"admin ana" in row[0]
