"""`credentials/list` and `credentials/info`: what a portal may know of its own signatories' credentials.

Every question starts from the token's client, so another portal's account or credential reads like one that does not
exist (attacks P3, P9). Source: CSC API v2 §11.4, §11.5.
"""

from __future__ import annotations

import base64
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from cryptography.x509 import Certificate, ExtensionNotFound, UnrecognizedExtension, load_der_x509_certificate
from cryptography.x509 import CertificatePolicies as Policies
from cryptography.x509.oid import ObjectIdentifier

from api.csc.algorithms import key_algorithms
from api.csc.fields import Fields
from api.csc.qualified import statements
from api.refusals import InvalidParameter, UserIdMustBeNull
from api.security import Principal
from core.algorithms import KeyType
from core.clock import Clock
from core.strict_json import Json
from signer.sam.client import SamClient
from signer.sam.protocol import CredentialView, DescribeCredential, ListCredentials

_CHAINS: Final = ("single", "none", "chain")  # the first is the default
_CURVES: Final = {KeyType.EC_P256: "1.2.840.10045.3.1.7", KeyType.EC_P384: "1.3.132.0.34"}
_QC_STATEMENTS: Final = ObjectIdentifier("1.3.6.1.5.5.7.1.3")


class Credentials:
    """The two methods."""

    def __init__(self, sam: SamClient, clock: Clock) -> None:
        self._sam = sam
        self._clock = clock

    def list_all(self, principal: Principal, body: Json, language: str) -> Json:
        """CSC API v2 credentials/list."""
        fields = Fields(body)
        chain = fields.one_of("certificates", _CHAINS)
        with_info, only_valid = fields.flag("credentialInfo"), fields.flag("onlyValid")
        cert_info, _ = fields.flag("certInfo"), fields.flag("authInfo")
        now = self._clock.now()
        views = self._views(principal, fields)
        if only_valid:
            views = [view for view in views if view.state == "active" and _certificate_status(view, now) == "valid"]
        answer: Json = {"credentialIDs": [view.credential for view in views]}
        if with_info:
            answer["credentialInfos"] = [
                {"credentialID": view.credential} | describe(view, now, chain, language, cert_info=cert_info)
                for view in views
            ]
        return answer | ({"onlyValid": True} if only_valid else {})

    def info(self, principal: Principal, body: Json, language: str) -> Json:
        """CSC API v2 credentials/info."""
        fields = Fields(body)
        credential = fields.text("credentialID")
        chain = fields.one_of("certificates", _CHAINS)
        cert_info, _ = fields.flag("certInfo"), fields.flag("authInfo")
        if principal.credential not in {None, credential}:
            raise InvalidParameter("credentialID")
        view = self._sam.describe_credential(DescribeCredential(principal.client, credential))
        return describe(view, self._clock.now(), chain, language, cert_info=cert_info)

    def _views(self, principal: Principal, fields: Fields) -> list[CredentialView]:
        user = fields.get("userID")
        if principal.credential is not None:  # a credential token names its user
            if user is not None:
                raise UserIdMustBeNull
            return [self._sam.describe_credential(DescribeCredential(principal.client, principal.credential))]
        if not isinstance(user, str) or not 0 < len(user) <= 255:
            raise InvalidParameter("userID")
        return self._sam.list_credentials(ListCredentials(principal.client, user)).credentials


def describe(view: CredentialView, now: datetime, chain: str, language: str, *, cert_info: bool) -> Json:
    """Return a credential as `credentials/info` shows it; `chain` is none, single or chain."""
    key_type = KeyType(view.key_type)
    key: Json = {
        "status": "enabled" if view.state == "active" else "disabled",
        "algo": key_algorithms(key_type),
        "len": key_type.bits,
    }
    if key_type in _CURVES:
        key["curve"] = _CURVES[key_type]
    return {
        "key": key,
        "cert": _cert(view, now, chain, cert_info=cert_info),
        "auth": {"mode": "oauth2code", "objects": []},  # one client needs the member, another dies of null
        "SCAL": "2",
        "multisign": view.multisign,
        "lang": language,
    }


def _cert(view: CredentialView, now: datetime, chain: str, *, cert_info: bool) -> Json:
    cert: Json = {"status": _certificate_status(view, now)}
    count = {"none": 0, "single": 1, "chain": len(view.certificates)}[chain]
    if count:
        cert["certificates"] = [base64.b64encode(der).decode() for der in view.certificates[:count]]
    return cert | (_facts(view.certificates[0]) if cert_info else {})


def _certificate_status(view: CredentialView, now: datetime) -> str:
    if view.state not in {"active", "superseded"}:  # a superseded one lost its key; its certificate lasts to its end
        return view.state
    certificate = _loaded(view.certificates[0])
    return "valid" if certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc else "expired"


def _facts(der: bytes) -> dict[str, Any]:
    certificate = _loaded(der)
    return {
        "issuerDN": certificate.issuer.rfc4514_string(),
        "serialNumber": f"{certificate.serial_number:X}",
        "subjectDN": certificate.subject.rfc4514_string(),
        "validFrom": f"{certificate.not_valid_before_utc:%Y%m%d%H%M%SZ}",
        "validTo": f"{certificate.not_valid_after_utc:%Y%m%d%H%M%SZ}",
        "qcStatements": _qc_statements(certificate),
        "policy": _policies(certificate),
    }


def _policies(certificate: Certificate) -> list[str]:
    try:
        policies = certificate.extensions.get_extension_for_class(Policies).value
    except ExtensionNotFound:
        return []
    return [policy.policy_identifier.dotted_string for policy in policies]


def _qc_statements(certificate: Certificate) -> list[str]:
    try:
        value = certificate.extensions.get_extension_for_oid(_QC_STATEMENTS).value
    except ExtensionNotFound:
        return []
    return statements(value.value) if isinstance(value, UnrecognizedExtension) else []


@lru_cache(maxsize=1024)
def _loaded(der: bytes) -> Certificate:
    return load_der_x509_certificate(der)
