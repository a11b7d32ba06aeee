"""A B-LTA file before pyHanko's AdES validation, offline and with the root alone: today, and ten years on.

What must hold for the second is in docs/adr/0019: one renewal before the first unit's certificate ends, and authorities
that are still in force. Of the newest time-stamp nothing in a file can say that its unit was not revoked since: whoever
validates asks that day's responder, here in the test's own process, or states it.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import crl, ocsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_crl
from cryptography.x509 import ocsp as x509_ocsp
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.policy_decl import NonRevokedStatusAssertion
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from ca import crl as lists
from ca import publication
from ca.draft import Issuer
from core.algorithms import HashAlgorithm
from core.time_stamp import ImprintDiffers, UnitUntrusted
from signer.augmentation import STAMPED_WITH
from signer.pades.archive import NotArchived, archived_document
from signer.revocation import StatusUnavailable
from tests.support import pdfs
from tests.support.ades import ades, lta_verdict
from tests.support.clocks import FakeClock
from tests.support.signed_pdfs import pdfsig, qpdf_check
from tests.support.web_bench import ECDSA_OID, WebBench

SIGNED = datetime(2026, 11, 24, 8, 43, tzinfo=UTC)
TEN_YEARS_ON = SIGNED.replace(year=2036)
ORIGINAL = pdfs.plain()


@pytest.fixture
def web(tmp_path):
    bench = WebBench(tmp_path, documents=True, trust=True, clock=FakeClock(SIGNED))
    yield bench
    bench.database.close()


def signed_at(web, level: str) -> bytes:
    document = base64.b64encode(ORIGINAL).decode()
    element = {"document": document, "signature_format": "P", "conformance_level": level, "signAlgo": ECDSA_OID}
    sad = web.authorise(web.a, [hashlib.sha256(ORIGINAL).digest()], "sodr")
    answer = web.sign_doc(web.a, sad, [], documents=[element])
    return base64.b64decode(answer.json["DocumentWithSignature"][0])


def issue_root_list(web) -> None:
    """Publish the root's next list."""
    published, now = web.trust.settings.published(), web.clock.now()
    last = load_der_x509_crl((published / publication.ROOT_CRL).read_bytes())
    made = lists.build(
        Issuer.of(web.trust.root),
        web.trust.ca.root_key,
        number=lists.number_of(last) + 1,
        this_update=now,
        next_update=now + lists.ROOT_LIFE,
        rsa_hash=HashAlgorithm.SHA512,
    )
    publication.publish(published, publication.ROOT_CRL, made.public_bytes(Encoding.DER))


def years_pass(web, years: float, *, unit: bool = True) -> None:
    """Let time pass; the authority has meanwhile renewed its parts, as it does every year, and its root's list."""
    web.trust.advance(days=365.25 * years)
    issue_root_list(web)
    if unit:
        web.trust.renew()
        web.trust.start()
    else:
        web.trust.renew_responder()


def renewed(web, document: bytes) -> bytes:
    return web.trust.augmentation().renewed(archived_document(document, STAMPED_WITH), web.engine)


def asked_today(web, document: bytes) -> dict:
    """Return what a validator learns of the newest time-stamp's unit from that day's responder and root's list."""
    assert ades(document).embedded_timestamp_signatures[-1].signer_cert.serial_number == web.trust.unit.serial_number
    request = x509_ocsp.OCSPRequestBuilder().add_certificate(web.trust.unit, web.trust.issuing, hashes.SHA256()).build()
    answer = web.trust.parts.answer(request.public_bytes(Encoding.DER)).der
    listed = (web.trust.settings.published() / publication.ROOT_CRL).read_bytes()
    return {
        "known_ocsps": OCSPContainer.load_multi(ocsp.OCSPResponse.load(answer)),
        "known_crls": [CRLContainer(crl.CertificateList.load(listed))],
    }


def test_offline_today_and_ten_years_on_after_one_renewal__en_319_142_1_5_5(web):
    document = signed_at(web, "AdES-B-LTA")
    assert lta_verdict(document, web.trust.root, SIGNED) is AdESPassed.OK

    years_pass(web, 5.5)
    longer = renewed(web, document)
    assert longer.startswith(document)
    assert lta_verdict(longer, web.trust.root, web.clock.now(), **asked_today(web, longer)) is AdESPassed.OK
    newest = ades(longer).embedded_timestamp_signatures[-1].signer_cert

    in_force = NonRevokedStatusAssertion(newest.sha256, at=TEN_YEARS_ON)
    assert lta_verdict(longer, web.trust.root, TEN_YEARS_ON, nonrevoked_assertions=[in_force]) is AdESPassed.OK
    assert lta_verdict(document, web.trust.root, TEN_YEARS_ON) is not AdESPassed.OK  # without the renewal
    assert pdfsig(longer).valid[0] is True
    assert qpdf_check(longer) == ""


def test_ten_years_on_that_days_responder_is_enough(web):
    document = signed_at(web, "AdES-B-LTA")
    years_pass(web, 5.5)
    longer = renewed(web, document)
    years_pass(web, 4.5, unit=False)
    assert web.clock.now() > TEN_YEARS_ON - timedelta(days=2)
    assert lta_verdict(longer, web.trust.root, web.clock.now(), **asked_today(web, longer)) is AdESPassed.OK


def test_a_second_renewal_goes_on_from_the_first(web):
    document = signed_at(web, "AdES-B-LTA")
    for _ in range(2):
        years_pass(web, 4)
        longer = renewed(web, document)
        assert longer.startswith(document)
        document = longer
    assert lta_verdict(document, web.trust.root, web.clock.now(), **asked_today(web, document)) is AdESPassed.OK


def test_a_renewal_after_the_units_end_is_refused(web):
    document = signed_at(web, "AdES-B-LTA")
    years_pass(web, 7.1)
    with pytest.raises(StatusUnavailable, match="expired"):
        renewed(web, document)


@pytest.mark.parametrize("level", ["AdES-B-B", "AdES-B-LT"])
def test_a_file_without_a_document_time_stamp_is_not_renewed(web, level):
    with pytest.raises(NotArchived):
        renewed(web, signed_at(web, level))


def test_a_file_that_was_added_to_is_not_renewed(web):
    document = signed_at(web, "AdES-B-LTA")
    with pytest.raises(NotArchived, match="added"):
        renewed(web, document + b"% more\n")
    at = document.index(b"ET", 100)
    bent = document[:at] + b"ET"[::-1] + document[at + 2 :]
    with pytest.raises(ImprintDiffers):
        renewed(web, bent)


def test_a_strangers_time_stamp_is_not_renewed(web, tmp_path):
    (tmp_path / "other").mkdir()
    other = WebBench(tmp_path / "other", documents=True, trust=True, clock=FakeClock(SIGNED))
    with pytest.raises(UnitUntrusted):
        renewed(web, signed_at(other, "AdES-B-LTA"))
    other.database.close()


def test_life_of_certificates_lets_one_renewal_bridge_ten_years(web):
    """Each time-stamp is verified for as long as its unit's certificate lives after its key's last day."""
    from ca import profiles

    unit, issuing = profiles.tsu(web.settings.ca), profiles.issuing(web.settings.ca)
    verified_for = unit.validity - unit.key_life
    assert 2 * verified_for > timedelta(days=3653)
    assert issuing.validity > timedelta(days=3653) + unit.key_life
