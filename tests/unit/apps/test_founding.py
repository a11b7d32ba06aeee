"""Where a founding ceremony may be held: nowhere that something was founded already."""

import pytest

from apps.ceremony import founding, journal
from apps.ceremony.journal import Head, Journal
from tests.support.clocks import FakeClock

HEAD = Head("Founding", "here", ["a root"], [("Elena", "administrator")])


@pytest.fixture
def held(tmp_path):
    """Return a ceremony that began, and what it made."""
    (tmp_path / "ca").mkdir()
    (tmp_path / journal.FOLDER).mkdir()
    held = Journal(tmp_path / journal.FOLDER / "20261125T100000Z-founding.jsonl", FakeClock())
    held.begin(HEAD)
    held.act("The root's key was made")
    return held


def test_an_empty_place_is_free(tmp_path):
    assert founding.is_free(tmp_path)
    assert founding.is_free(tmp_path / "not-there")


def test_what_was_cut_short_may_be_begun_anew(tmp_path, held):
    assert founding.is_free(tmp_path)


def test_what_was_cut_short_before_its_first_line_may_be_begun_anew(tmp_path, held):
    held.path.write_bytes(b'{"title":"Foun')
    assert founding.is_free(tmp_path)


def test_what_was_founded_is_not_free_even_where_the_word_that_it_is_complete_was_lost(tmp_path, held):
    held.end()
    assert not founding.is_free(tmp_path)


def test_what_no_ceremony_made_is_not_free(tmp_path):
    (tmp_path / "ca").mkdir()
    assert not founding.is_free(tmp_path)
