"""The ceremony file says what is done, or nothing is done; the transcript says what was done, the same each time."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from apps.ceremony import journal, plan
from apps.ceremony.journal import Head, Journal, JournalUnreadable, is_ended
from apps.ceremony.plan import CeremonyRefused
from apps.ceremony.transcript import transcript
from core.config import load
from tests.support.clocks import FakeClock

EXAMPLE = Path("config/ceremony.toml")


def settings(**ca: object):
    return load(Path("config/paraph.toml"), {"ca": ca})


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """Return the example with one change."""
    text = EXAMPLE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "ceremony.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_example_is_the_embedded_defaults_ceremony():
    found = plan.read(EXAMPLE, settings())
    built_in = plan.of_settings(settings())
    assert msgspec.structs.replace(found, present=built_in.present) == built_in


def test_the_built_in_plan_written_and_completed_is_a_ceremony_file(tmp_path):
    text = plan.to_toml(plan.of_settings(settings(key="ec-p384", organization="Încercare „SRL”")))
    path = tmp_path / "ceremony.toml"
    path.write_text(text + '\n[[present]]\nname = "Another"\nrole = "auditor"\n', encoding="utf-8")
    assert plan.read(path, settings(key="ec-p384", organization="Încercare „SRL”")).root.hash == "sha384"


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ('key = "rsa-4096"                    # or', 'key = "rsa-2048"                    # or', r"root\.key: 'rsa-2048'"),
        ("days = 5479", "days = 5478", r"issuing\.days: 5478, and the settings say 5479"),
        ('hash = "sha512"                     # with', 'hash = "sha1"                       # with', r"root\.hash"),
        ("path_length = 0", "path_length = 1", r"issuing\.path_length"),
        ('["2.5.29.32.0"]', "[]", r"issuing\.policies"),
        ("key_days = 365 ", "key_days = 366 ", r"time_stamping\.key_days"),
        ('name = "TEST OCSP Responder 1"', 'name = "TEST OCSP Responder 2"', r"ocsp\.name"),
        ("99999.1.2.1", "99999.1.2.2", "time_stamp_policy"),
        ('organization = "Test', 'organization = "Best', r"provider\.organization"),
        ("days = 90 ", "days = 91 ", r"signatories\.days"),
        ('place = "this machine"', 'place = " "', "place: is empty"),
        ('place = "this machine"', "", "missing required field `place`"),
        ("path_length = 0", "", r"missing required field `path_length` - at `\$\.issuing`"),
        ("path_length = 0", "path_length = 0\nsurprise = 1", r"unknown field `surprise` - at `\$\.issuing`"),
        ("[list_signer]", "[list_signer_of_another]", "list_signer"),
        ("days = 5479", 'days = "5479"', r"Expected `int`, got `str` - at `\$\.issuing\.days`"),
        ('role = "witness"', 'role = "king"', r"role"),
        ('name = "Mihai Exemplu"', 'name = "Ana Exemplu"', "at least 2 people"),
        ('name = "Mihai Exemplu"', 'name = ""', "at least 2 people"),
        ("[root]", "[root", "end of a table"),
    ],
)  # fmt: skip
def test_a_file_that_says_something_else_is_refused_with_the_key_named(tmp_path, old, new, names):
    with pytest.raises(CeremonyRefused, match=names):
        plan.read(changed(tmp_path, old, new), settings())


def test_settings_that_changed_since_the_review_are_found(tmp_path):
    with pytest.raises(CeremonyRefused, match=r"issuing\.name"):
        plan.read(EXAMPLE, settings(issuing_name="TEST Another CA G1"))


def test_who_can_be_reached_by_others_is_founded_from_a_file():
    reachable = load(Path("config/paraph.toml"), {"service": {"public_origin": "https://sign.example.com"}})
    with pytest.raises(CeremonyRefused, match="--ceremony"):
        plan.plan_for(reachable, None)
    assert plan.plan_for(reachable, EXAMPLE).present[0].name == "Ana Exemplu"
    assert plan.plan_for(settings(), None) == plan.of_settings(settings())


def test_plain_words_say_all_of_it():
    text = " ".join(plan.words(plan.read(EXAMPLE, settings())))
    for each in (
        "TEST Root CA G1",
        "rsa-4096",
        "sha512",
        "7300 days",
        "2.5.29.32.0",
        "used for 365",
        "witness",
        "TEST",
    ):
        assert each in text


# --- journal and transcript ---------------------------------------------------------------------------------------


@pytest.fixture
def held(tmp_path) -> Journal:
    found = Journal(tmp_path / "ceremony" / "20261125T120000Z-founding.jsonl", FakeClock())
    found.begin(Head("Founding", "here", ["All of it."], [("Ana Exemplu", "witness")]))
    found.act("A key was made", ("Key", "root on the token paraph-root, SHA-256 of its public key " + "ab" * 32))
    return found


def test_a_transcript_tells_each_act_and_has_room_for_signatures(held):
    held.end()
    text = transcript(held.path)
    assert "1. 2026-11-24 08:43:00  A key was made" in text
    assert "ab" * 32 in text
    assert "Ana Exemplu, witness" in text
    assert "signature" in text
    assert "CUT SHORT" not in text
    assert text == transcript(held.path)


def test_one_that_was_cut_short_says_so(held):
    assert "CUT SHORT" in transcript(held.path)
    with held.path.open("ab") as file:
        file.write(b'{"at":"2026-11-2')  # a crash in the middle of a line
    _head, acts = journal.read(held.path)
    assert (len(acts), is_ended(acts)) == (1, False)


def test_a_journal_that_goes_on_keeps_what_it_has(held):
    again = Journal(held.path, FakeClock())
    again.begin(Head("Another", "there", [], []))
    again.end()
    head, acts = journal.read(held.path)
    assert (head.title, len(acts), is_ended(acts)) == ("Founding", 2, True)


def test_a_journal_is_its_owners_alone(held):
    assert held.path.stat().st_mode & 0o777 == 0o600


def test_what_is_no_journal_is_a_clear_error(tmp_path):
    (tmp_path / "x.jsonl").write_bytes(b"junk\n")
    for name in ("x.jsonl", "y.jsonl"):
        with pytest.raises(JournalUnreadable):
            transcript(tmp_path / name)
