"""Which SAD a signing request goes by, and that a revoked one goes nowhere."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.keys import WebKeys
from api.oauth import tokens
from api.refusals import InvalidParameter, MissingParameter
from api.security import Bearer, Principal
from api.tables import metadata
from core.secret import Secret
from core.types import ClientId, CredentialId
from storage.engine import Database
from tests.support.clocks import FakeClock

CLIENT, CREDENTIAL = ClientId("client-a"), CredentialId("c-ana")
SERVICE, BY_SAD = Principal(CLIENT), Principal(CLIENT, CREDENTIAL, "sad_one")
CLOCK, KEYS = FakeClock(), WebKeys(Secret(bytes(32)))


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "web.sqlite")
    database.create(metadata)
    until = CLOCK.now() + timedelta(minutes=5)
    with database.transaction() as connection:
        tokens.add(connection, KEYS, "sad_one", tokens.Token(CLIENT, "credential", CREDENTIAL, until, None))
    yield database
    database.close()


@pytest.fixture
def bearer(database):
    return Bearer(database, KEYS, CLOCK)


@pytest.mark.parametrize(("principal", "in_body"), [(SERVICE, "sad_one"), (BY_SAD, None), (BY_SAD, "sad_one")])
def test_a_request_goes_by_the_one_sad_it_carries(bearer, principal, in_body):
    assert bearer.sad_of(principal, in_body) == "sad_one"


def test_a_service_token_alone_is_no_sad(bearer):
    with pytest.raises(MissingParameter):
        bearer.sad_of(SERVICE, None)


def test_two_that_differ_are_refused(bearer):
    with pytest.raises(InvalidParameter):
        bearer.sad_of(BY_SAD, "sad_two")


def test_a_revoked_sad_is_refused_in_the_body_too(bearer, database):
    with database.transaction() as connection:
        tokens.revoke(connection, KEYS, "sad_one", CLOCK.now())
    with pytest.raises(InvalidParameter, match="revoked"):
        bearer.sad_of(SERVICE, "sad_one")


def test_a_sad_that_is_not_known_here_is_for_the_sam_to_judge(bearer):
    assert bearer.sad_of(SERVICE, "sad_other") == "sad_other"
