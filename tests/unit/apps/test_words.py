"""A refusal is one line in plain words."""

from apps.words import plain
from core.errors import Unavailable
from portal.errors import PortalError
from signer.sam.errors import AlreadyEnrolled, TransactionClosed


class AccountRefused(PortalError):
    pass


def test_known_refusals_have_words_of_their_own():
    assert plain(AlreadyEnrolled("phone")).startswith("this person, phone number or account already has")
    assert "paraph run" in plain(Unavailable("sam: refused"))


def test_others_are_said_from_their_name_on_one_line():
    assert plain(TransactionClosed("row 1\nrow 2")) == "transaction closed: row 1 row 2"
    assert plain(AccountRefused()) == "account refused"
