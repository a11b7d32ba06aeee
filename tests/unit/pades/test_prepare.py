"""Preparing and embedding: what stands where in the increment."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.algorithms import KeyType, SignatureAlgorithm
from core.cms import CmsTemplate
from core.errors import Malformed
from preflight.increment import judge
from preflight.sample import sample
from signer.pades.embed import embed, room_of
from signer.pades.engine import PadesEngine
from signer.pades.errors import CannotPrepare, OptionNotAllowed, RoomTooSmall
from signer.pades.options import Appearance, SignatureOptions, Wishes, room_for
from signer.pades.prepare import prepare
from stamp.appearance import NoPlace
from tests.support.clocks import FakeClock
from tests.support.signatory import software_signatory

NOW = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)
ORIGINAL = sample().original


def test_byte_range_covers_all_but_the_room():
    prepared = prepare(ORIGINAL, SignatureOptions(NOW))
    found = re.search(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\]", prepared.before + prepared.after)
    assert found is not None
    start, second, length = (int(number) for number in found.groups())
    assert start == len(ORIGINAL) + len(prepared.before)
    assert second - start == prepared.room
    assert length == len(prepared.after)


def test_signature_dictionary_is_pades__en_319_142_1_5_3():
    prepared = prepare(ORIGINAL, SignatureOptions(NOW))
    whole = prepared.before + prepared.after
    assert b"/SubFilter /ETSI.CAdES.detached" in whole
    assert b"/Cert" not in whole
    assert re.search(rb"/M \(D\\07220260301100000Z\)", whole)


def test_signing_time_is_written_in_utc():
    bucharest = NOW.astimezone(timezone(timedelta(hours=2)))
    assert prepare(ORIGINAL, SignatureOptions(bucharest)) == prepare(ORIGINAL, SignatureOptions(NOW))


def test_same_input_gives_the_same_increment():
    assert prepare(ORIGINAL, SignatureOptions(NOW)) == prepare(ORIGINAL, SignatureOptions(NOW))


def test_later_preparation_gives_another_increment():
    later = SignatureOptions(NOW + timedelta(seconds=1))
    assert prepare(ORIGINAL, SignatureOptions(NOW)) != prepare(ORIGINAL, later)


def test_what_is_prepared_with_a_name_is_judged_well():
    prepared = prepare(ORIGINAL, SignatureOptions(NOW, name="Ana Pop-Ștefănescu"))
    assert judge(ORIGINAL, prepared.before, prepared.room, prepared.after).name == "Ana Pop-Ștefănescu"


def test_original_without_a_final_newline_gets_one_in_the_increment():
    prepared = prepare(ORIGINAL.rstrip(b"\n"), SignatureOptions(NOW))
    assert prepared.before.startswith(b"\n")


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"<html>", ORIGINAL[:200], ORIGINAL.replace(b"/Kids", b"/Kidz")])
def test_document_that_cannot_be_read_is_refused(data):
    with pytest.raises(CannotPrepare):
        prepare(data, SignatureOptions(NOW))


@pytest.mark.parametrize(
    "bad",
    [
        {"reason": ""},
        {"reason": " "},
        {"reason": "a" * 201},
        {"location": "a\x00"},
        {"name": "Ana\u202epoP"},
        {"contact": "a\u200bb"},
        {"room": 3},
        {"room": 101},
        {"signing_time": datetime(2026, 1, 1)},  # noqa: DTZ001  # the missing zone is what is tested
    ],
)
def test_option_out_of_bounds_is_refused(bad):
    with pytest.raises(OptionNotAllowed):
        SignatureOptions(**{"signing_time": NOW, **bad})


def test_visible_signature_needs_an_upright_page_large_enough():
    visible = SignatureOptions(NOW, appearance=Appearance("Ana Pop"))
    turned = ORIGINAL.replace(b"/MediaBox [ 0 0 595 842 ]", b"/Rotate 90/MediaBox[0 0 9 9]", 1)
    with pytest.raises((NoPlace, CannotPrepare)):
        prepare(turned, visible)
    small = ORIGINAL.replace(b"0 0 595 842", b"0 0 300 142", 1)
    with pytest.raises(NoPlace):
        prepare(small, visible)


def test_embedding_fills_the_room_and_nothing_else():
    done = embed(b"original", b"before", 12, b"after", b"\xab\xcd")
    assert done == b"originalbefore<abcd000000>after"


def test_cms_that_does_not_fit_is_refused():
    with pytest.raises(RoomTooSmall):
        embed(b"", b"", 12, b"", bytes(6))


@pytest.mark.parametrize("part", [b"", b"/ByteRange [0 1 2 3] /ByteRange [0 1 2 3]", b"/ByteRange [1 2 3 4]"])
def test_increment_without_exactly_one_byte_range_is_refused(part):
    with pytest.raises(Malformed):
        room_of(part)


@pytest.mark.parametrize(
    ("key_type", "algorithm", "longest"),
    [
        (KeyType.EC_P256, SignatureAlgorithm.ECDSA_SHA256, 72),
        (KeyType.EC_P384, SignatureAlgorithm.ECDSA_SHA384, 104),
        (KeyType.RSA_3072, SignatureAlgorithm.RSA_PSS_SHA256, 384),
    ],
)
def test_room_for_a_template_fits_its_cms(key_type, algorithm, longest):
    template = CmsTemplate.of(software_signatory(key_type).chain, algorithm)
    room = room_for(template, longest)
    embed(b"", b"", room, b"", template.assemble(bytes(algorithm.hash.size), bytes(longest)))


def test_engine_prepares_by_its_clock_and_embeds():
    engine = PadesEngine(FakeClock(NOW))
    prepared = engine.prepare(ORIGINAL, Wishes(), strict=True)
    assert prepared == prepare(ORIGINAL, SignatureOptions(NOW))
    done = engine.embed(ORIGINAL, prepared.before, prepared.after, b"\x30\x00")
    assert len(done) == len(ORIGINAL) + len(prepared.before) + prepared.room + len(prepared.after)
    assert done.startswith(ORIGINAL)
