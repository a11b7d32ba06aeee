"""The level of a signature as pyHanko finds it (EN 319 102-1): offline, with a root certificate and nothing else to trust.

From B-LT on the file alone must do: revocation is demanded of everybody but the root, and nobody is asked.
"""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from typing import Any, Final

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import SignatureCoverageLevel
from pyhanko.sign.validation.ades import ades_basic_validation, ades_lta_validation, ades_with_time_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import (
    NO_REVOCATION,
    REQUIRE_REVINFO,
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
)
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from core.errors import DomainError

_OFFLINE: Final = RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY)


class NotValid(DomainError):
    """pyHanko does not find a signature valid at the level it seems to have; the text has its word for why."""


def reader_of(signed: bytes) -> PdfFileReader:
    """Return pyHanko's reader of a file, tolerant where the file needs it."""
    return PdfFileReader(io.BytesIO(signed), strict=False)


def level_of(signed: bytes, root_der: bytes) -> str:
    """Return the level at which the last signature is valid now, as CSC API v2 spells it.

    Raises:
        NotValid: at none, or at a lower one than it has the parts for; or what came after it is more than that.
    """
    embedded = reader_of(signed).embedded_regular_signatures[-1]
    _demand_untouched(embedded)
    plain = _spec(root_der, NO_REVOCATION)
    _demand("AdES-B-B", ades_basic_validation(embedded.signed_data, plain, raw_digest=embedded.compute_digest()))
    if not embedded.signer_info["unsigned_attrs"]:
        return "AdES-B-B"
    _demand("AdES-B-T", ades_with_time_validation(embedded.signed_data, plain, raw_digest=embedded.compute_digest()))
    if "/DSS" not in embedded.reader.root:
        return "AdES-B-T"
    strict = replace(_spec(root_der, REQUIRE_REVINFO), local_knowledge=_stored(embedded.reader))
    _demand("AdES-B-LT", ades_with_time_validation(embedded.signed_data, strict, raw_digest=embedded.compute_digest()))
    if not embedded.reader.embedded_timestamp_signatures:
        return "AdES-B-LT"
    _demand("AdES-B-LTA", lta_validation(embedded, root_der))
    return "AdES-B-LTA"


def lta_validation(embedded: Any, root_der: bytes, **knowledge: Any) -> Any:
    """Return pyHanko's validation, to be awaited, of a signature at level B-LTA; `knowledge` is the validator's own."""
    spec = replace(_spec(root_der, REQUIRE_REVINFO), local_knowledge=LocalKnowledge(**knowledge))
    return ades_lta_validation(embedded, PdfSignatureValidationSpec(spec))


def _demand_untouched(embedded: Any) -> None:
    """Check that the signature covers its revision, and that validation data and time-stamps alone came later."""
    embedded.compute_integrity_info()
    later = embedded.diff_result
    if embedded.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        raise NotValid("does not cover the file as it was signed")
    if (
        later is not None
        and getattr(later, "modification_level", ModificationLevel.OTHER) > ModificationLevel.LTA_UPDATES
    ):
        raise NotValid("the file was changed after it was signed")


def _demand(level: str, validation: Any) -> None:
    found = asyncio.run(validation)
    if found.ades_subindic is not AdESPassed.OK:
        raise NotValid(f"{level}: {found.ades_subindic}: {found.failure_msg or ''}")


def _stored(reader: PdfFileReader) -> LocalKnowledge:
    store = DocumentSecurityStore.read_dss(reader)
    answers = (asn1_ocsp.OCSPResponse.load(bytes(each.get_object().data)) for each in store.ocsps)
    lists = (asn1_crl.CertificateList.load(bytes(each.get_object().data)) for each in store.crls)
    return LocalKnowledge(
        known_ocsps=[each for answer in answers for each in OCSPContainer.load_multi(answer)],
        known_crls=[CRLContainer(each) for each in lists],
        known_certs=list(store.load_certs()),
    )


def _spec(root_der: bytes, revocation: RevocationCheckingPolicy) -> SignatureValidationSpec:
    anchor = asn1_x509.Certificate.load(root_der)
    trusted = SimpleTrustManager.build(trust_roots=[anchor])
    policy = CertValidationPolicySpec(trust_manager=trusted, revinfo_policy=CertRevTrustPolicy(revocation))
    return SignatureValidationSpec(cert_validation_policy=policy, revinfo_gathering_policy=_OFFLINE)
