"""What may stand behind a signature, at each level, and what a lying service or a later hand would put there (H6, Y9)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from asn1crypto import cms
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, NumberObject, StreamObject, pdf_name, pdf_string
from pyhanko.pdf_utils.reader import PdfFileReader

from portal.verification import failures
from portal.verification.levels import Level
from portal.verification.rules import Expected, Verified, verify
from tests.support.pdfs import ORDINARY
from tests.support.portal_browser import pdf
from tests.support.portal_pki import PortalPki, quiet_writer, written

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
    """An honest file of each level."""
    return {level: pki.sign(ORIGINAL, ana, level=level.value) for level in Level}


@pytest.fixture
def judge(pki, ana):
    def verdict(signed: bytes, level=Level.LT, *, original: bytes = ORIGINAL) -> Verified:
        now = datetime.now(UTC)
        return verify(signed, Expected(original, ana.der, NAME, pki.root.certificate, now, level), now)

    return verdict


@pytest.mark.parametrize("asked", Level)
@pytest.mark.parametrize("found", Level)
def test_the_level_is_the_one_that_was_asked_for__y9(judge, good, asked, found):
    if asked is found:
        assert judge(good[found], asked).level is asked
    else:
        with pytest.raises(failures.LevelWrong):
            judge(good[found], asked)


def test_a_document_that_has_a_security_store_already_keeps_it(judge, pki, ana, good):
    for earlier in (good[Level.LT], good[Level.LTA]):
        twice = pki.sign(earlier, ana, level="AdES-B-LT")
        assert judge(twice, original=earlier).level is Level.LT


@pytest.mark.parametrize("kind", ["object-streams", "linearized", "many-revisions"])
def test_documents_of_other_makes_are_judged_alike(judge, pki, ana, kind):
    original = ORDINARY[kind]()
    for level in (Level.LT, Level.LTA):
        assert judge(pki.sign(original, ana, level=level.value), level, original=original).level is level


# Time-stamps that are none.


def _with_token(signed: bytes, change) -> bytes:
    """Return the file with its signature's time-stamp changed; the room is wide enough."""
    contents = PdfFileReader(BytesIO(signed)).embedded_signatures[-1].pkcs7_content
    info = cms.ContentInfo.load(contents)
    change(info["content"]["signer_infos"][0])
    new = info.dump(force=True)
    assert len(new) <= len(contents)
    return signed.replace(contents.hex().upper().encode(), new.hex().upper().encode().ljust(2 * len(contents), b"0"))


def _stamped_by(pki, ana, **how):
    holder = how.pop("unit", pki.unit)
    stamper = pki.stamper(holder)
    stamper.fixed_dt = how.get("at")
    other = PortalPki.__new__(PortalPki)
    other.__dict__ = pki.__dict__ | {"stamper": lambda: stamper}
    return other.sign(ORIGINAL, ana, level="AdES-B-T")


def test_a_time_stamp_of_another_signature_is_refused(judge, pki, ana, good):
    stolen = cms.ContentInfo.load(
        PdfFileReader(BytesIO(pki.sign(pdf("Alt text"), ana, level="AdES-B-T"))).embedded_signatures[0].pkcs7_content
    )["content"]["signer_infos"][0]["unsigned_attrs"]

    def steal(signer):
        signer["unsigned_attrs"] = stolen

    with pytest.raises(failures.TimeStampWrong):
        judge(_with_token(good[Level.T], steal), Level.T)


def test_a_strangers_time_stamp_is_refused(judge, pki, ana):
    with pytest.raises(failures.ChainUntrusted):
        judge(_stamped_by(pki, ana, unit=PortalPki().unit), Level.T)


def test_a_time_stamp_by_who_may_not_stamp_is_refused(judge, pki, ana):
    other = pki.stamping_for(ExtendedKeyUsageOID.CODE_SIGNING)
    with pytest.raises(failures.ChainUntrusted):
        judge(_stamped_by(pki, ana, unit=other), Level.T)


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_time_stamp_of_another_time_is_refused(judge, pki, ana, hours):
    at = datetime.now(UTC) + timedelta(hours=hours)
    assert judge(_stamped_by(pki, ana, at=datetime.now(UTC)), Level.T)
    with pytest.raises(failures.SigningTimeWrong):
        judge(_stamped_by(pki, ana, at=at), Level.T)


def _other_attribute(signer):
    signer["unsigned_attrs"] = [{"type": "1.2.3.4", "values": [cms.ContentInfo({"content_type": "data"})]}]


def _attribute_twice(signer):
    (one,) = signer["unsigned_attrs"]
    signer["unsigned_attrs"] = [one, one]


def _token_twice(signer):
    (one,) = signer["unsigned_attrs"]
    (token,) = one["values"]
    signer["unsigned_attrs"] = [{"type": "signature_time_stamp_token", "values": [token, token]}]


@pytest.mark.parametrize("change", [_other_attribute, _attribute_twice, _token_twice])
def test_other_unsigned_attributes_are_refused__h14(judge, pki, ana, change):
    honest = pki.sign(ORIGINAL, ana, level="AdES-B-T", room=20_000)
    assert judge(_with_token(honest, lambda _signer: None), Level.T)
    with pytest.raises(failures.CmsMalformed):
        judge(_with_token(honest, change), Level.T)


# Validation data that do not validate.


def test_data_that_do_not_speak_for_everybody_are_refused(judge, pki, ana, good):
    stamped, stranger = good[Level.T], pki.signatory("Dan", "Pop")
    assert judge(pki.with_store(stamped, [ana, pki.unit]))
    lacking = {
        "nobody": pki.with_store(stamped, []),
        "the unit": pki.with_store(stamped, [ana]),
        "the signatory": pki.with_store(stamped, [pki.unit, stranger]),
        "the authority": pki.with_store(stamped, [ana, pki.unit], crl=False),
        "answers of last week": pki.with_store(stamped, [ana, pki.unit], at=datetime.now(UTC) - timedelta(days=7)),
        "revoked": pki.with_store(pki.with_store(stamped, [ana], revoked=True), [pki.unit]),
    }
    for name, signed in lacking.items():
        with pytest.raises((failures.RevocationUnknown, failures.ChainUntrusted, failures.DocumentChanged)) as caught:
            judge(signed)
        assert isinstance(caught.value, failures.DocumentChanged) == (name == "revoked"), name


def test_a_revoked_signatory_is_refused(judge, pki, ana, good):
    writer = quiet_writer(good[Level.T])
    from asn1crypto import crl, ocsp
    from pyhanko.sign.validation.dss import DocumentSecurityStore

    answers = [ocsp.OCSPResponse.load(pki.ocsp(ana, revoked=True)), ocsp.OCSPResponse.load(pki.ocsp(pki.unit))]
    lists = [crl.CertificateList.load(pki.crl())]
    DocumentSecurityStore.supply_dss_in_writer(writer, None, ocsps=answers, crls=lists)
    with pytest.raises(failures.RevocationUnknown, match=r"[Rr]evoked"):
        judge(written(writer))


# H6: more than validation data behind the signature.


def _changed(content: bytes, *changes) -> bytes:
    writer = quiet_writer(content)
    for change in changes:
        change(writer)
    return written(writer)


def _page(writer):
    return writer.root["/Pages"]["/Kids"][0]


def _annotation(writer):
    note = {pdf_name("/Type"): pdf_name("/Annot"), pdf_name("/Subtype"): pdf_name("/FreeText")}
    note[pdf_name("/Rect")] = ArrayObject(map(NumberObject, (0, 0, 300, 300)))
    page = _page(writer)
    page[pdf_name("/Annots")] = ArrayObject([*page["/Annots"], writer.add_object(DictionaryObject(note))])
    writer.update_container(page)


def _stamp(writer):
    page = _page(writer)
    page[pdf_name("/Contents")] = writer.add_object(StreamObject(stream_data=b"BT ET"))
    writer.update_container(page)


def _script(writer):
    action = {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): pdf_string("app.alert(1)")}
    writer.root[pdf_name("/OpenAction")] = writer.add_object(DictionaryObject(action))
    writer.update_root()


def _filled(writer):
    field = writer.root["/AcroForm"]["/Fields"][0]
    field[pdf_name("/TU")] = pdf_string("Altceva")
    writer.update_container(field)


def _hidden_object(writer):
    writer.add_object(pdf_string("nobody asked for this"))


def _title(writer):
    writer.set_info(DictionaryObject({pdf_name("/Title"): pdf_string("Altceva")}))


CHANGES = [_annotation, _stamp, _script, _filled, _hidden_object, _title]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_beside_the_security_store_is_refused__h6(judge, pki, ana, good, change):
    from asn1crypto import crl, ocsp
    from pyhanko.sign.validation.dss import DocumentSecurityStore

    def store(writer):
        answers = [ocsp.OCSPResponse.load(pki.ocsp(each)) for each in (ana, pki.unit)]
        lists = [crl.CertificateList.load(pki.crl())]
        DocumentSecurityStore.supply_dss_in_writer(writer, None, ocsps=answers, crls=lists)

    assert judge(_changed(good[Level.T], store))
    with pytest.raises(failures.DocumentWrong):
        judge(_changed(good[Level.T], store, change))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("level", [Level.T, Level.LT, Level.LTA])
def test_a_change_in_an_increment_behind_everything_is_refused__h6(judge, good, level, change):
    with pytest.raises(failures.DocumentWrong):
        judge(_changed(good[level], change), level)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_between_store_and_time_stamp_is_refused__h6(judge, pki, good, change):
    with pytest.raises(failures.DocumentWrong):
        judge(pki.with_time_stamp(_changed(good[Level.LT], change)), Level.LTA)


def _store_that_holds(writer, change):
    store = writer.root["/DSS"]
    change(writer, store)
    writer.update_container(store)


@pytest.mark.parametrize(
    "change",
    [
        lambda writer, store: store.update({pdf_name("/Extra"): writer.add_object(StreamObject(stream_data=b"x"))}),
        lambda writer, store: store.update({pdf_name("/VRI"): DictionaryObject({})}),
        lambda writer, store: store.update({pdf_name("/Certs"): ArrayObject([*store["/Certs"], writer.root["/Pages"]["/Kids"].raw_get(0)])}),
        lambda writer, store: store.update({pdf_name("/CRLs"): ArrayObject()}),
        lambda writer, store: store.update({pdf_name("/OCSPs"): ArrayObject(reversed(store["/OCSPs"]))}),
    ],
    ids=["another entry", "an empty VRI", "a page among its certificates", "a list gone", "another order"],
)  # fmt: skip
def test_a_second_increment_with_the_store_is_refused(judge, good, change):
    with pytest.raises(failures.DocumentWrong):
        judge(_changed(good[Level.LT], lambda writer: _store_that_holds(writer, change)))


def test_an_earlier_store_that_loses_something_is_refused(judge, pki, ana, good):
    earlier = good[Level.LT]
    signed = pki.sign(earlier, ana, level="AdES-B-T")

    def drop(writer, store):
        store[pdf_name("/CRLs")] = ArrayObject([writer.add_object(StreamObject(stream_data=pki.crl()))])

    with pytest.raises(failures.DocumentChanged, match="lost"):
        judge(_changed(signed, lambda writer: _store_that_holds(writer, drop)), original=earlier)


def test_a_second_signature_behind_the_store_is_refused(judge, pki, ana, good):
    with pytest.raises(failures.SeveralSignatures):
        judge(pki.sign(good[Level.LT], ana))


def test_a_visible_time_stamp_is_refused__h12(judge, pki, good):
    from pyhanko.sign.fields import SigFieldSpec, append_signature_field

    writer = quiet_writer(good[Level.LT])
    append_signature_field(writer, SigFieldSpec("Timp", on_page=0, box=(0, 0, 500, 500)))
    prepared = quiet_writer(written(writer))
    out = BytesIO()
    import asyncio

    from pyhanko.sign.signers.pdf_signer import PdfTimeStamper

    asyncio.run(PdfTimeStamper(pki.stamper(), "Timp").async_timestamp_pdf(prepared, "sha256", None, output=out))
    with pytest.raises(failures.DocumentWrong):
        judge(out.getvalue(), Level.LTA)


@pytest.mark.parametrize("tail", [b"\n", b"\n\n\n% more\n", b"%%EOF\n", b"startxref\n0\n%%EOF\n"])
def test_bytes_behind_the_last_increment_are_refused(judge, good, tail):
    for level in (Level.T, Level.LT, Level.LTA):
        if tail == b"\n" and level is Level.LT:
            continue  # white space behind the store is no content, and nothing covers it
        with pytest.raises(failures.VerificationFailed):
            judge(good[level] + tail, level)
