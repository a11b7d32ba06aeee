"""Files that a lying service, or whoever changes files afterwards, would hand to the portal (attacks H5, H6, H12, Y9)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter

from portal.verification import failures
from portal.verification.levels import Level
from portal.verification.rules import Expected, Verified, verify
from tests.support.portal_browser import pdf
from tests.support.portal_pki import PortalPki

NAME = "Ana Pop-Țăran"
ORIGINAL = pdf("Cerere")


@pytest.fixture(scope="module")
def pki():
    return PortalPki()


@pytest.fixture(scope="module")
def ana(pki):
    return pki.signatory("Ana", "Pop-Țăran")


@pytest.fixture(scope="module")
def good(pki, ana):
    return pki.sign(ORIGINAL, ana)


@pytest.fixture
def judge(pki, ana):
    def verdict(signed: bytes, *, original: bytes = ORIGINAL, certificate: bytes | None = None, **changes) -> Verified:
        values = {
            "person": NAME,
            "root": pki.root.certificate,
            "asked_at": datetime.now(UTC),
            "level": Level.B,
        } | changes
        return verify(signed, Expected(original, certificate or ana.der, **values), datetime.now(UTC))

    return verdict


def _append(content: bytes, change) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(content))
    writer._update_meta = lambda: None
    change(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_an_honest_signature_is_good_and_says_who_and_when(judge, good):
    verdict = judge(good)
    assert verdict.signatory == NAME
    assert abs(verdict.signed_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_second_signature_beside_an_earlier_one_is_good(judge, pki, ana, good):
    assert judge(pki.sign(good, ana), original=good).signatory == NAME


# What Y9 calls lies: the service answers 200 with something else.


def test_the_original_unsigned_is_refused(judge):
    with pytest.raises(failures.SignatureMissing):
        judge(ORIGINAL)


def test_another_document_is_refused(judge, pki, ana):
    with pytest.raises(failures.OtherDocument):
        judge(pki.sign(pdf("Contract"), ana))


def test_a_document_that_differs_in_one_byte_is_refused(judge, good):
    at = ORIGINAL.index(b"/Count 1")
    with pytest.raises(failures.OtherDocument):
        judge(good[:at] + b"/Count 2" + good[at + 8 :])


def test_another_signatory_is_refused(judge, pki):
    with pytest.raises(failures.OtherSignatory):
        judge(pki.sign(ORIGINAL, pki.signatory("Bogdan", "Ionescu")))


def test_a_namesake_with_another_certificate_is_refused(judge, pki):
    with pytest.raises(failures.OtherSignatory):
        judge(pki.sign(ORIGINAL, pki.signatory("Ana", "Pop-Țăran")))


def test_a_certificate_in_another_name_is_refused_even_if_the_service_announced_it(judge, pki):
    bogdan = pki.signatory("Bogdan", "Ionescu")
    with pytest.raises(failures.OtherPerson):
        judge(pki.sign(ORIGINAL, bogdan), certificate=bogdan.der)


def test_a_chain_to_another_root_is_refused(judge):
    other = PortalPki()
    forged = other.signatory("Ana", "Pop-Țăran")
    with pytest.raises(failures.ChainUntrusted):
        judge(other.sign(ORIGINAL, forged), certificate=forged.der)


def test_a_certificate_that_may_not_sign_documents_is_refused(judge, pki):
    wrong = pki.signatory("Ana", "Pop-Țăran", usage=False)
    with pytest.raises(failures.ChainUntrusted):
        judge(
            pki.sign(
                ORIGINAL,
                wrong,
            ),
            certificate=wrong.der,
        )


def test_an_expired_certificate_is_refused(judge, pki):
    old = pki.signatory("Ana", "Pop-Țăran", until=datetime.now(UTC) - timedelta(minutes=1))
    with pytest.raises(failures.CertificateNotValid):
        judge(pki.sign(ORIGINAL, old), certificate=old.der)


def test_two_signatures_for_one_authorisation_are_refused(judge, pki, ana, good):
    with pytest.raises(failures.SeveralSignatures):
        judge(pki.sign(good, ana))


def test_another_kind_of_signature_is_refused(judge, pki, ana):
    with pytest.raises(failures.LevelWrong):
        judge(pki.sign(ORIGINAL, ana, subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED))


def test_a_certification_that_forbids_further_signatures_is_refused(judge, pki, ana):
    with pytest.raises((failures.LevelWrong, failures.DocumentChanged)):
        judge(pki.sign(ORIGINAL, ana, certify=True))


def test_a_signature_older_than_the_authorisation_is_refused(judge, good):
    with pytest.raises(failures.SigningTimeWrong):
        judge(good, asked_at=datetime.now(UTC) + timedelta(minutes=20))


def test_a_visible_signature_over_the_page_is_refused(judge, pki, ana):
    with pytest.raises(failures.SignatureVisible):
        judge(pki.sign(ORIGINAL, ana, box=(0, 0, 595, 842)))


# W1: what was added does more than add a signature, though it is all covered and the signature is right.


def _replace_page_content(writer):
    page = writer.root["/Pages"]["/Kids"][0]
    stream = page["/Contents"]
    stream._data = b"BT /F1 24 Tf 50 700 Td (Alt contract) Tj ET"
    stream._encoded_data = None
    writer.mark_update(page.raw_get("/Contents"))


def _new_content_for_page(writer):
    page = writer.root["/Pages"]["/Kids"][0]
    page[pdf_name("/Contents")] = writer.add_object(page["/Contents"].__class__(stream_data=b"BT ET"))
    writer.update_container(page)


def _add_annotation(writer):
    note = DictionaryObject({pdf_name("/Type"): pdf_name("/Annot"), pdf_name("/Subtype"): pdf_name("/FreeText")})
    note[pdf_name("/Rect")] = ArrayObject(map(NumberObject, (0, 0, 300, 300)))
    page = writer.root["/Pages"]["/Kids"][0]
    page[pdf_name("/Annots")] = ArrayObject([writer.add_object(note)])
    writer.update_container(page)


def _add_open_action(writer):
    action = {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): pdf_string("app.alert(1)")}
    writer.root[pdf_name("/OpenAction")] = writer.add_object(DictionaryObject(action))
    writer.update_root()


def _other_font(writer):
    font = writer.root["/Pages"]["/Kids"][0]["/Resources"]["/Font"]["/F1"]
    font[NameObject("/BaseFont")] = pdf_name("/ZapfDingbats")
    writer.mark_update(font.container_ref)


def _other_title(writer):
    writer.set_info(DictionaryObject({pdf_name("/Title"): pdf_string("Altceva")}))


@pytest.mark.parametrize(
    "change",
    [_replace_page_content, _new_content_for_page, _add_annotation, _add_open_action, _other_font, _other_title],
)
def test_an_increment_that_changes_more_than_it_signs_is_refused(judge, pki, ana, change):
    signed = pki.sign(ORIGINAL, ana, append=change)
    assert signed.startswith(ORIGINAL)
    with pytest.raises(failures.DocumentChanged):
        judge(signed)


@pytest.mark.parametrize("change", [_replace_page_content, _add_annotation, _add_open_action])
def test_a_change_in_an_increment_of_its_own_before_the_signature_is_refused(judge, pki, ana, change):
    with pytest.raises(failures.DocumentWrong):
        judge(pki.sign(_append(ORIGINAL, change), ana))


@pytest.mark.parametrize("change", [_replace_page_content, _add_annotation, _add_open_action])
def test_a_change_after_the_signature_is_refused__h6(judge, good, change):
    with pytest.raises(failures.DocumentChanged):
        judge(_append(good, change))


def test_a_field_that_acts_is_refused(judge, pki, ana, good):
    acting = good.replace(b"/F 132\n", b"/AA 5 0 R\n/F 132\n")
    with pytest.raises(failures.VerificationFailed):
        judge(acting)


def test_an_object_that_the_original_referred_to_in_vain_cannot_be_supplied(judge, pki, ana):
    """The original may name an object that is not there: whoever adds one under that number adds to the page."""
    dangling = ORIGINAL.replace(b"/Contents 4 0 R", b"/Contents 9 0 R")
    signed = pki.sign(dangling, ana)
    with pytest.raises(failures.DocumentChanged, match="referred to before"):
        judge(signed, original=dangling)


# H5: universal forgery, incremental saving and wrapping, made from an honest file.


def _numbers(good: bytes) -> tuple[int, int, int]:
    first = good.index(b"/Contents <", len(ORIGINAL)) + len(b"/Contents ")
    second = good.index(b">", first) + 1
    return first, second, len(good) - second


def _with_range(good: bytes, text: bytes) -> bytes:
    start = good.index(b"/ByteRange", len(ORIGINAL))
    end = good.index(b"\n", start)  # the room behind the numbers is part of it
    return good[:start] + text.ljust(end - start) + good[end:]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"/ByteRange null",
        b"/ByteRange [ ]",
        b"/ByteRange [ 0 10 ]",
        b"/ByteRange [ 0 0 0 0 ]",
        b"/ByteRange [ 0 -1 0 0 ]",
        b"/ByteRange [ (0) 1 2 3 ]",
        b"/ByteRange 7",
    ],
)
def test_a_byte_range_that_is_missing_or_nonsense_is_refused(judge, good, text):
    with pytest.raises((failures.ByteRangeWrong, failures.NotUnderstood)):
        judge(_with_range(good, text))


@pytest.mark.parametrize(
    ("left", "right", "end"), [(-10, 0, 0), (0, 10, 0), (0, 0, -10), (1, 0, 0), (0, -1, 0), (0, 0, 10)]
)
def test_a_byte_range_that_leaves_other_bytes_out_is_refused(judge, good, left, right, end):
    first, second, last = _numbers(good)
    text = f"/ByteRange [ 0 {first + left} {second + right} {last - right + end} ]".encode()
    with pytest.raises(failures.ByteRangeWrong):
        judge(_with_range(good, text))


def test_a_byte_range_that_does_not_begin_at_the_beginning_is_refused(judge, good):
    first, second, last = _numbers(good)
    with pytest.raises(failures.ByteRangeWrong):
        judge(_with_range(good, f"/ByteRange [ 1 {first - 1} {second} {last} ]".encode()))


@pytest.mark.parametrize("value", [b"", b"null", b"<>", b"<00>", b"(abc)", b"<3080>"])
def test_contents_that_is_missing_or_nothing_is_refused(judge, good, value):
    first, second, _ = _numbers(good)
    forged = good[:first] + value.ljust(second - first) + good[second:]
    with pytest.raises(failures.VerificationFailed):
        judge(forged)


def test_bytes_behind_the_signed_range_are_refused(judge, good):
    with pytest.raises(failures.VerificationFailed):
        judge(good + b"\n% more\n")


def test_something_hidden_behind_the_cms_is_refused(judge, good):
    _, second, _ = _numbers(good)
    assert good[second - 9 : second - 1] == b"00000000"
    with pytest.raises(failures.CmsMalformed):
        judge(good[: second - 9] + b"DEADBEEF" + good[second - 1 :])


def test_a_signature_taken_from_another_document_is_refused(judge, pki, ana, good):
    other = pki.sign(pdf("Alt text"), ana)
    start = other.index(b"/Contents <") + len(b"/Contents <")
    first, second, _ = _numbers(good)
    room = second - first - 2
    stolen = b"<" + other[start : other.index(b">", start)][:room].ljust(room, b"0") + b">"
    with pytest.raises(failures.DigestMismatch):
        judge(good[:first] + stolen + good[second:])


@pytest.mark.parametrize("cut", range(0, 2000, 250))
def test_a_file_cut_short_is_refused_without_a_crash(judge, good, cut):
    with pytest.raises(failures.VerificationFailed):
        judge(good[: len(good) - 1 - cut])


@pytest.mark.parametrize("start", range(7))
def test_a_flipped_bit_anywhere_in_what_was_added_is_refused_without_a_crash(judge, good, start):
    """One place in 49 in each run of the suite: every one was tried, and takes minutes."""
    _, second, _ = _numbers(good)
    zeros = len(good[:second].rstrip(b">").rstrip(b"0"))
    places = [at for at in range(len(ORIGINAL), len(good)) if not zeros + 1 < at < second]
    for at in places[7 * start :: 49]:
        forged = bytearray(good)
        forged[at] ^= 0x01
        with pytest.raises(failures.VerificationFailed):
            judge(bytes(forged))
