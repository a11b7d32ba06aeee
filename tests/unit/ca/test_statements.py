"""The practice statement and the disclosure statements: what they say first, that they say all, and how they are kept."""

from __future__ import annotations

import io
import stat
from datetime import UTC, datetime

import pikepdf
import pypdfium2
import pytest
import time_machine

from ca import publication
from ca.profiles import signatory
from ca.statements import publisher, text
from ca.statements.pdf import NotPrintable
from ca.statements.publisher import documents, publish_statements
from ca.statements.text import TextBroken, read
from core import addresses
from core.errors import Unavailable
from tests.support.ca_bench import settings_for

TEXTS = [("cps", "ro"), ("cps", "en"), ("pds", "ro"), ("pds", "en")]
SAID_FIRST = {"ro": "TEST \N{EN DASH} fără valoare juridică", "en": "TEST \N{EN DASH} without legal effect"}
CHAPTERS = 9  # RFC 3647 §4
DISCLOSED = 11  # EN 319 411-1 annex A.2: what a disclosure statement tells, each under a heading of its own


@pytest.fixture
def settings(tmp_path):
    return settings_for(tmp_path / "state")


def words_of(document: bytes) -> str:
    pdf = pypdfium2.PdfDocument(document)
    said = " ".join(page.get_textpage().get_text_bounded() for page in pdf)
    pdf.close()
    return " ".join(said.split())


@pytest.mark.parametrize(("name", "language"), TEXTS)
def test_first_sentence_after_the_title_says_test_and_no_legal_effect(settings, name, language):
    title, first, *_rest = read(name, language, settings)
    assert title.kind == "title"
    assert first.text.startswith(SAID_FIRST[language] + ".")


@pytest.mark.parametrize(("name", "language"), TEXTS)
@pytest.mark.parametrize("marking", ["honest", "full"])
def test_each_text_says_what_the_marking_claims(tmp_path, name, language, marking):
    blocks = read(name, language, settings_for(tmp_path, marking=marking))
    said = " ".join(block.text for block in blocks)
    assert ("SIMUL" in said) is (marking == "full")
    assert "$" not in said


def test_texts_have_the_parts_that_their_outlines_name__rfc3647_4__en319411_1_a_2(settings):
    for name, language in TEXTS:
        headings = [block for block in read(name, language, settings) if block.kind == "heading"]
        assert len(headings) == {"cps": CHAPTERS, "pds": DISCLOSED}[name], (name, language)


@pytest.mark.parametrize("name", ["cps", "pds"])
def test_both_languages_say_the_same_number_of_things_with_the_same_values(settings, name):
    romanian, english = (read(name, language, settings) for language in ("ro", "en"))
    assert [block.kind for block in romanian] == [block.kind for block in english]
    for value in text.values(settings, "en").values():
        if value != text.values(settings, "en")["marking"] and len(value) > 4:
            assert sum(value in block.text for block in romanian) == sum(value in block.text for block in english), (
                value
            )


def test_every_document_that_a_certificate_points_to_is_made(settings):
    profile = signatory(settings.ca)
    pointed = {profile.practice_url, *(url for url, _language in profile.qc.disclosure)}
    assert pointed == {f"{settings.ca.documents_url}/{name}" for name in documents(settings)}


def test_documents_are_pdf_a_2u_with_their_font_inside__iso19005_2(settings):
    for name, data in documents(settings).items():
        with pikepdf.open(io.BytesIO(data)) as pdf:
            assert pdf.open_metadata().pdfa_status == "2U", name
            assert "/OutputIntents" in pdf.Root
            assert str(pdf.Root.Lang) == ("en-GB" if name == "pds-en.pdf" else "ro-RO")
            fonts = [font for page in pdf.pages for font in page.Resources.Font.values()]
            assert all("/FontFile2" in font.DescendantFonts[0].FontDescriptor for font in fonts), name
            assert all("/ToUnicode" in font for font in fonts), name


def test_practice_statement_is_in_both_languages_and_keeps_diacritics(settings):
    said = words_of(documents(settings)[publication.PRACTICE_STATEMENT])
    assert "Cod de practici și proceduri" in said
    assert "Certification practice statement" in said
    assert "București" in said
    assert settings.ca.policy_oid in said
    assert settings.ca.public_url + addresses.OCSP in said


def test_every_page_says_test(settings):
    for name, data in documents(settings).items():
        for page in pypdfium2.PdfDocument(data):
            assert page.get_textpage().get_text_bounded().startswith(SAID_FIRST["ro"]), name


def test_same_settings_give_the_same_bytes_at_any_time(settings):
    first = documents(settings)
    with time_machine.travel(datetime(2031, 5, 17, 12, 30, tzinfo=UTC)):
        assert documents(settings) == first


def test_published_once_and_again_only_when_something_changed(settings, tmp_path):
    folder = settings.published()
    folder.mkdir(parents=True)
    assert publish_statements(settings, folder) == ["cps.pdf", "pds-ro.pdf", "pds-en.pdf"]
    assert publish_statements(settings, folder) == []
    other = settings_for(tmp_path / "state", contact="alta@example.com")
    assert publish_statements(other, folder) == ["cps.pdf", "pds-ro.pdf", "pds-en.pdf"]
    assert stat.S_IMODE((folder / "cps.pdf").stat().st_mode) == 0o644


def test_full_disk_leaves_the_old_statements(settings, tmp_path, monkeypatch):
    folder = settings.published()
    folder.mkdir(parents=True)
    publish_statements(settings, folder)
    old = (folder / "cps.pdf").read_bytes()

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publication, "publish", full)
    with pytest.raises(Unavailable):
        publish_statements(settings_for(tmp_path / "state", contact="alta@example.com"), folder)
    assert (folder / "cps.pdf").read_bytes() == old


def test_name_that_the_font_cannot_write_is_refused(tmp_path):
    with pytest.raises(NotPrintable):
        documents(settings_for(tmp_path, organization="TEST 信任"))


@pytest.mark.parametrize("broken", ["# Titlu\n\n$nothing", "# Titlu\n\n$", "no title", ""])
def test_text_with_an_unknown_value_or_without_a_title_is_refused(settings, tmp_path, monkeypatch, broken):
    (tmp_path / "cps.ro.txt").write_text(broken)
    monkeypatch.setattr(text, "_TEXTS", tmp_path)
    with pytest.raises(TextBroken):
        read("cps", "ro", settings)


def test_no_document_is_left_out_of_what_status_serves():
    from ca.status_files import _RESOURCES

    assert {resource.file for resource in _RESOURCES.values()} >= set(publisher._DOCUMENTS)
