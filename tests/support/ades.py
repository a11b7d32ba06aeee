"""pyHanko's AdES validation (EN 319 102-1), offline, with a root and nothing else to trust."""

from __future__ import annotations

import asyncio
import io
from datetime import datetime

import time_machine
from asn1crypto import crl, ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
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
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer


def ades(signed: bytes) -> PdfFileReader:
    """Return pyHanko's reader of a file."""
    return PdfFileReader(io.BytesIO(signed))


def lta_verdict(signed: bytes, root: x509.Certificate, at: datetime, **knowledge):
    """Return what pyHanko says of the last signature as one of level LTA, with the clock at an instant."""
    embedded = ades(signed).embedded_regular_signatures[-1]
    spec = PdfSignatureValidationSpec(_spec(root, REQUIRE_REVINFO, LocalKnowledge(**knowledge)))
    with time_machine.travel(at, tick=False):
        return asyncio.run(ades_lta_validation(embedded, spec)).ades_subindic


def level_of(signed: bytes, root: x509.Certificate, at: datetime) -> str:
    """Return the level at which pyHanko finds the last signature valid; fail when it finds it valid at none."""
    embedded = ades(signed).embedded_regular_signatures[-1]
    with time_machine.travel(at, tick=False):
        basic = asyncio.run(_basic(embedded, _spec(root, NO_REVOCATION)))
        assert basic is AdESPassed.OK, basic
        if not embedded.signer_info["unsigned_attrs"]:
            return "AdES-B-B"
        assert asyncio.run(_with_time(embedded, _spec(root, NO_REVOCATION))) is AdESPassed.OK
        if "/DSS" not in embedded.reader.root:
            return "AdES-B-T"
        # the store alone must do: revocation is demanded for everybody, and nobody is asked
        store = _knowledge(embedded.reader)
        found = asyncio.run(_with_time(embedded, _spec(root, REQUIRE_REVINFO, store)))
        assert found is AdESPassed.OK, found
        if not embedded.reader.embedded_timestamp_signatures:
            return "AdES-B-LT"
    verdict = lta_verdict(signed, root, at)
    assert verdict is AdESPassed.OK, verdict
    return "AdES-B-LTA"


async def _basic(embedded, spec):
    result = await ades_basic_validation(embedded.signed_data, spec, raw_digest=embedded.compute_digest())
    return result.ades_subindic


async def _with_time(embedded, spec):
    result = await ades_with_time_validation(embedded.signed_data, spec, raw_digest=embedded.compute_digest())
    return result.ades_subindic


def _knowledge(reader: PdfFileReader) -> LocalKnowledge:
    store = DocumentSecurityStore.read_dss(reader)
    answers = [ocsp.OCSPResponse.load(bytes(each.get_object().data)) for each in store.ocsps]
    lists = [crl.CertificateList.load(bytes(each.get_object().data)) for each in store.crls]
    return LocalKnowledge(
        known_ocsps=[each for answer in answers for each in OCSPContainer.load_multi(answer)],
        known_crls=[CRLContainer(each) for each in lists],
        known_certs=list(store.load_certs()),
    )


def _spec(root: x509.Certificate, revocation, knowledge: LocalKnowledge | None = None) -> SignatureValidationSpec:
    anchor = asn1_x509.Certificate.load(root.public_bytes(Encoding.DER))
    return SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build(trust_roots=[anchor]), revinfo_policy=CertRevTrustPolicy(revocation)
        ),
        revinfo_gathering_policy=RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
        local_knowledge=knowledge or LocalKnowledge(),
    )
