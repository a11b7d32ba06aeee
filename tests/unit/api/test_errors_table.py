"""The one table: complete, well formed, and fed by every error a method may meet."""

from __future__ import annotations

import inspect

import pytest

from api import refusals
from api.errors import TABLE, wire_of
from api.keys import SealBroken
from channel.protocol import Protocol
from core import factors
from core.errors import DomainError, Unavailable
from preflight.protocol import PREFLIGHT, DocumentRefused
from signer import errors as signing
from signer.sam import errors as sam
from signer.sam.protocol import SAM
from storage.engine import StorageBusy

CODES = {
    "invalid_request", "invalid_token", "expired_token", "invalid_grant", "invalid_scope", "invalid_client", "invalid_hash",
    "unsupported_response_type", "unauthorized_client", "access_denied", "server_error", "temporarily_unavailable",
    "invalid_authorization_details", "invalid_request_object",
}  # fmt: skip
# Met by no method: registration by command, forms of the pages, and what the service translates first.
ELSEWHERE = {refusals.BadClient, *sam.OPERATORS, DocumentRefused}


def public(module) -> set[type[DomainError]]:
    return {
        kind for name, kind in vars(module).items()
        if inspect.isclass(kind) and issubclass(kind, DomainError) and not name.startswith("_")
        and kind.__module__ == module.__name__
    }  # fmt: skip


@pytest.mark.parametrize("module", [refusals, signing, sam])
def test_every_error_has_its_own_entry(module):
    assert public(module) - ELSEWHERE - set(TABLE) == set()


@pytest.mark.parametrize("protocol", [SAM, PREFLIGHT], ids=lambda protocol: protocol.name)
def test_every_error_that_a_zone_may_answer_with_is_mapped(protocol: Protocol):
    pages = {factors.CodeWrong, factors.CodeMalformed, factors.CodeExpired, factors.ResendTooEarly}  # met in one view
    for kind in protocol.errors:
        assert kind in ELSEWHERE or kind in pages or wire_of(kind.__new__(kind)).error, kind


def test_codes_are_of_the_standards_and_descriptions_can_be_written():
    for kind, wire in TABLE.items():
        assert wire.error in CODES, kind
        assert 400 <= wire.status <= 503
        facts = {"name": "x", "kind": "string", "number": 1, "reason": "y", "detail": "SECRET"}
        text = wire.description.format(**facts)
        assert "SECRET" not in text
        assert "{" not in text


def test_an_heir_reads_like_its_ancestor_and_a_stranger_is_a_bare_500():
    assert wire_of(StorageBusy("locked")) == TABLE[Unavailable]
    assert (wire_of(SealBroken("x")).status, wire_of(SealBroken("x")).description) == (500, "")
