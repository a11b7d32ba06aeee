"""Names of files and people, uploads at a glance, filings' moves, what leaves as a request."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from io import BytesIO

import pikepdf
import pytest

from portal import pdf_upload
from portal.documents import clean_name
from portal.entropy import SystemEntropy
from portal.files import FileStore, FileTooLarge
from portal.keys import PortalKeys, SealBroken
from portal.pages.guard import safe_path
from portal.verification.failures import CertificateMalformed, OtherPerson
from portal.verification.person import check_person, signatory_name
from tests.support.portal_browser import pdf
from tests.support.portal_pki import PortalPki

PLAIN = pdf("text")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("cerere.pdf", "cerere.pdf"),
        ("C:\\Users\\ana\\cerere.pdf", "cerere.pdf"),
        ("../../etc/passwd", "passwd"),
        ("", "document.pdf"),
        ("///", "document.pdf"),
        ("pla\N{RIGHT-TO-LEFT OVERRIDE}fdp.exe", "pla fdp.exe"),
        ("a\r\nb\0c.pdf", "a b c.pdf"),
        ("ş ţ.pdf", "ș ț.pdf"),
        ("a\u0306.pdf", "ă.pdf"),
        ("zero\N{ZERO WIDTH SPACE}width.pdf", "zero width.pdf"),
        ("<script>alert(1)</script>.pdf", "script>.pdf"),
    ],
)
def test_a_file_name_becomes_one_honest_line(given, kept):
    assert clean_name(given) == kept


def test_a_long_file_name_keeps_its_ending():
    name = clean_name("ă" * 500 + ".pdf")
    assert len(name) <= 120
    assert name.endswith("….pdf")


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", pdf_upload.FileEmpty),
        (b"PK\x03\x04docx", pdf_upload.NotPdf),
        (b"\n%PDF-1.7 %%EOF", pdf_upload.NotPdf),
        (b"\0\0\0\x18ftypheic....", pdf_upload.PhotoFormat),
        (PLAIN[:-200], pdf_upload.PdfBroken),
        (PLAIN + b"\0" * 2000, pdf_upload.PdfBroken),
    ],
)
def test_a_file_that_is_no_whole_pdf_is_named_as_what_it_is(content, refusal):
    with pytest.raises(refusal):
        pdf_upload.check(content)


@pytest.mark.parametrize("mode", [pikepdf.ObjectStreamMode.disable, pikepdf.ObjectStreamMode.generate])
def test_an_encrypted_pdf_is_noticed_with_either_kind_of_cross_reference(mode):
    out = BytesIO()
    with pikepdf.open(BytesIO(PLAIN)) as document:
        document.save(out, encryption=pikepdf.Encryption(user="x", owner="y"), object_stream_mode=mode)
    with pytest.raises(pdf_upload.PdfEncrypted):
        pdf_upload.check(out.getvalue())


def test_a_pdf_that_only_speaks_of_encryption_is_taken():
    pdf_upload.check(pdf("/Encrypt 5 0 R"))
    pdf_upload.check(PLAIN)


def test_a_file_over_the_limit_leaves_nothing_behind(tmp_path):
    store = FileStore(tmp_path / "files", SystemEntropy())
    with pytest.raises(FileTooLarge):
        store.keep(BytesIO(b"x" * 11), 10)
    assert list((tmp_path / "files").iterdir()) == []


def test_a_file_at_the_limit_is_kept_with_its_digest(tmp_path):
    store = FileStore(tmp_path / "files", SystemEntropy())
    kept = store.keep(BytesIO(b"x" * 10), 10)
    assert (kept.size, kept.sha256) == (10, hashlib.sha256(b"x" * 10).digest())
    assert store.digest(kept.name, "sha384") == hashlib.sha384(b"x" * 10).digest()
    assert store.path(kept.name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["Ana Pop-Țăran", "POP TARAN Ana", "ana  pop ţăran", "Ţăran-Pop Ana"])
def test_a_name_is_compared_as_people_read_it(name):
    check_person(PortalPki().signatory("Ana", "Pop-Țăran").der, name)


@pytest.mark.parametrize("name", ["Ana Pop", "Anca Pop-Țăran", "Ana Ana Pop-Țăran", ""])
def test_another_name_is_another_person(name):
    with pytest.raises(OtherPerson):
        check_person(PortalPki().signatory("Ana", "Pop-Țăran").der, name)


def test_a_certificate_that_is_none_is_named_so():
    with pytest.raises(CertificateMalformed):
        signatory_name(b"\x30\x03\x02\x01\x05")


def test_a_sealed_value_opens_only_where_it_belongs():
    keys = PortalKeys(b"k" * 32)
    sealed = keys.seal("token", "auth-1", SystemEntropy())
    assert keys.open(sealed, "auth-1") == "token"
    for wrong, context in ((sealed, "auth-2"), (sealed[:-1] + b"\0", "auth-1"), (b"", "auth-1")):
        with pytest.raises(SealBroken):
            keys.open(wrong, context)


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        ("/filings/f-1", "/filings/f-1"),
        ("/filings?lang=en", "/filings?lang=en"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\nSet-Cookie: x", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_goes_on_only_within_the_site(asked, goes):
    assert safe_path(asked) == goes


def test_now_is_aware():
    from portal.clock import SystemClock

    assert abs((SystemClock().now() - datetime.now(UTC)).total_seconds()) < 5
