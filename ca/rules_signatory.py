"""Rules of a signatory's certificate, some of them where pkilint does not look (etsi-profiles §8.1, blind spots)."""

from __future__ import annotations

import re
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from ca import qc_statements
from ca.draft import Draft
from ca.names import Person, signatory_name
from ca.profiles import ANY_POLICY, NCP_PLUS, QCP_N_QSCD, SEMANTICS_NATURAL, TYPE_ESIGN
from ca.protocol import NotLinted
from ca.qc_statements import Statement
from ca.rules import Rule, allowed_uses, check_url
from core.errors import Malformed

_ETSI_POLICY: Final = re.compile(r"0\.4\.0\.(2042|194112)\.1\.\d+")
_LANGUAGE: Final = re.compile("[a-z]{2}")
_CLAIMED: Final = {qc_statements.COMPLIANCE, qc_statements.SSCD}
_ALWAYS: Final = {qc_statements.SEMANTICS, qc_statements.PDS, qc_statements.TYPE}


def subject_names_a_person(certificate: x509.Certificate, _draft: Draft) -> None:
    """EN 319 412-2 §4.2.4, EN 319 412-1 §5.1.3: names and number of a natural person, and nothing else (attack Z10)."""
    person = Person(
        given_name=_attribute(certificate, NameOID.GIVEN_NAME),
        surname=_attribute(certificate, NameOID.SURNAME),
        subject_serial=_attribute(certificate, NameOID.SERIAL_NUMBER),
    )
    try:
        expected = signatory_name(person)
    except Malformed as error:
        raise NotLinted(f"subject: {error.detail}") from error
    if certificate.subject != expected:
        raise NotLinted("subject: country or common name do not follow from the person")


def commits_to_content_only(certificate: x509.Certificate, _draft: Draft) -> None:
    """EN 319 412-2 §4.3.2: type A."""
    if allowed_uses(certificate) != {"content_commitment"}:
        raise NotLinted("key usage is not type A")


def policies(certificate: x509.Certificate, draft: Draft) -> None:
    """EN 319 411-1 §5.3: one ETSI policy, one of our own, the practice statement over https, never anyPolicy."""
    informations = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    named = [information.policy_identifier for information in informations]
    etsi = [policy for policy in named if _ETSI_POLICY.fullmatch(policy.dotted_string)]
    if len(named) != 2 or len(etsi) != 1 or etsi[0] != named[0] or ANY_POLICY in named:
        raise NotLinted("policies: one of ETSI's and one of our own")
    if etsi[0] not in {NCP_PLUS, QCP_N_QSCD} or named != list(draft.profile.policies):
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
    qualified_policy = draft.profile.policies[0] == QCP_N_QSCD
    if statements.keys() & _CLAIMED != (_CLAIMED if qualified_policy else set()):
        raise NotLinted("qcStatements: the claims and the policy contradict each other")
    if statements[qc_statements.SEMANTICS].identifiers != (SEMANTICS_NATURAL.dotted_string,):
        raise NotLinted("qcStatements: semantics")
    if statements[qc_statements.TYPE].identifiers != (TYPE_ESIGN.dotted_string,):
        raise NotLinted("qcStatements: exactly one type, electronic signatures")
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


def _statements(certificate: x509.Certificate) -> list[Statement]:
    oid = x509.ObjectIdentifier(qc_statements.EXTENSION)
    value = certificate.extensions.get_extension_for_oid(oid).value
    try:
        return qc_statements.decode(value.public_bytes())
    except Malformed as error:
        raise NotLinted(error.detail) from error


def _attribute(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    attribute, *_ = certificate.subject.get_attributes_for_oid(oid)
    return str(attribute.value)


SIGNATORY: Final[tuple[Rule, ...]] = (subject_names_a_person, commits_to_content_only, policies, claims, disclosure)
