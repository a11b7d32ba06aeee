"""Rules on policies and claims of a person's certificate, some where pkilint does not look (etsi-profiles §8.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from ca import qc_statements
from ca.draft import Draft
from ca.profiles import (
    ANY_POLICY,
    NCP_PLUS,
    QCP_L_QSCD,
    QCP_N_QSCD,
    SEMANTICS_LEGAL,
    SEMANTICS_NATURAL,
    TYPE_ESEAL,
    TYPE_ESIGN,
    Kind,
)
from ca.protocol import NotLinted
from ca.qc_statements import Statement
from ca.rules import Rule
from ca.rules_extensions import check_url
from core.errors import Malformed

_ETSI_POLICY: Final = re.compile(r"0\.4\.0\.(2042|194112)\.1\.\d+")
_LANGUAGE: Final = re.compile("[a-z]{2}")
_CLAIMED: Final = {qc_statements.COMPLIANCE, qc_statements.SSCD}
_ALWAYS: Final = {qc_statements.SEMANTICS, qc_statements.PDS, qc_statements.TYPE}


@dataclass(frozen=True, slots=True)
class _Told:
    """What a kind's full claim says, and how its subject's identifiers are read."""

    policy: x509.ObjectIdentifier
    semantics: x509.ObjectIdentifier
    purpose: x509.ObjectIdentifier


_CLAIMS: Final[dict[Kind, _Told]] = {
    "signatory": _Told(QCP_N_QSCD, SEMANTICS_NATURAL, TYPE_ESIGN),
    "seal": _Told(QCP_L_QSCD, SEMANTICS_LEGAL, TYPE_ESEAL),
}


def policies(certificate: x509.Certificate, draft: Draft) -> None:
    """EN 319 411-1 §5.3: one ETSI policy, one of our own, the practice statement over https, never anyPolicy."""
    informations = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    named = [information.policy_identifier for information in informations]
    etsi = [policy for policy in named if _ETSI_POLICY.fullmatch(policy.dotted_string)]
    if len(named) != 2 or len(etsi) != 1 or etsi[0] != named[0] or ANY_POLICY in named:
        raise NotLinted("policies: one of ETSI's and one of our own")
    if etsi[0] not in {NCP_PLUS, _CLAIMS[draft.profile.kind].policy} or named != list(draft.profile.policies):
        raise NotLinted(f"policy {etsi[0].dotted_string}")
    qualifiers = [qualifier for information in informations for qualifier in information.policy_qualifiers or ()]
    if len(qualifiers) != 1 or not isinstance(qualifiers[0], str):
        raise NotLinted("policies: the practice statement's URL once")
    check_url(qualifiers[0], "https")


def claims(certificate: x509.Certificate, draft: Draft) -> None:
    """EN 319 412-5 §4: each statement once, none that is not ours, and the claims of a qualified certificate together."""
    statements = {statement.name: statement for statement in _statements(certificate)}
    if len(statements) != len(_statements(certificate)):  # QCS-4.1-02A
        raise NotLinted("qcStatements: one twice")
    if not statements.keys() >= _ALWAYS or statements.keys() - _ALWAYS - _CLAIMED - {qc_statements.IDENT_METHOD}:
        raise NotLinted("qcStatements: one missing, or one that is not ours")
    told = _CLAIMS[draft.profile.kind]
    qualified_policy = draft.profile.policies[0] == told.policy
    if statements.keys() & _CLAIMED != (_CLAIMED if qualified_policy else set()):
        raise NotLinted("qcStatements: the claims and the policy contradict each other")
    if statements[qc_statements.SEMANTICS].identifiers != (told.semantics.dotted_string,):
        raise NotLinted("qcStatements: semantics")
    if statements[qc_statements.TYPE].identifiers != (told.purpose.dotted_string,):
        raise NotLinted("qcStatements: exactly one type, that of this kind")
    method = statements.get(qc_statements.IDENT_METHOD)
    if method is not None and len(method.identifiers) != 1:
        raise NotLinted("qcStatements: one method of identification")


def disclosure(certificate: x509.Certificate, _draft: Draft) -> None:
    """EN 319 412-5 §4.3.4: https, an English one, each language once and in lower case."""
    locations = [place for statement in _statements(certificate) for place in statement.locations]
    languages = [language for _url, language in locations]
    if "en" not in languages or len(set(languages)) != len(languages):
        raise NotLinted("disclosure statement: an English one, each language once")
    if not all(_LANGUAGE.fullmatch(language) for language in languages):
        raise NotLinted("disclosure statement: language")
    for url, _language in locations:
        check_url(url, "https")


def _statements(certificate: x509.Certificate) -> tuple[Statement, ...]:
    oid = x509.ObjectIdentifier(qc_statements.EXTENSION)
    value = certificate.extensions.get_extension_for_oid(oid).value
    try:
        return qc_statements.decode(value.public_bytes())
    except Malformed as error:
        raise NotLinted(error.detail) from error


CLAIMS: Final[tuple[Rule, ...]] = (policies, claims, disclosure)
