"""Rules of certificates whose subject is a legal person: the provider with its authorities and services, and seals."""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from ca.draft import ONE_SECOND, Draft
from ca.names import LegalPerson, legal_person_name
from ca.profiles import NCP_PLUS
from ca.protocol import NotLinted
from ca.rules import Rule
from ca.rules_extensions import check_url
from core.errors import Malformed

_PROVIDER: Final = (NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATION_IDENTIFIER)


def subject_names_a_legal_person(certificate: x509.Certificate, _draft: Draft) -> None:
    """EN 319 412-3 §4.2.1, EN 319 412-1 §5.1.4: name and registration of an organization, and nothing else."""
    found = LegalPerson(
        organization=_text(certificate, NameOID.ORGANIZATION_NAME),
        identifier=_text(certificate, NameOID.ORGANIZATION_IDENTIFIER),
        common_name=_text(certificate, NameOID.COMMON_NAME),
    )
    try:
        expected = legal_person_name(found)
    except Malformed as error:
        raise NotLinted(f"subject: {error.detail}") from error
    if certificate.subject != expected:
        raise NotLinted("subject: the country is not the register's")


def says_test(certificate: x509.Certificate, _draft: Draft) -> None:
    """What a test provider runs says so in its name (etsi-profiles §1.8)."""
    if not _text(certificate, NameOID.COMMON_NAME).startswith("TEST "):
        raise NotLinted("the name of a test CA, or of its service, begins with TEST")


def belongs_to_the_provider(certificate: x509.Certificate, draft: Draft) -> None:
    """The provider's own service has the provider's name and a common name of its own (EN 319 421 TIS-8.1-01)."""
    for oid in _PROVIDER:
        if certificate.subject.get_attributes_for_oid(oid) != draft.issuer.name.get_attributes_for_oid(oid):
            raise NotLinted("subject is not the provider")
    if certificate.subject == draft.issuer.name:
        raise NotLinted("subject: a service is not called like its authority")


def time_stamping_key(certificate: x509.Certificate, draft: Draft) -> None:
    """EN 319 421 TIS-7.7.1-09, EN 319 422 §6.4: used for a shorter time than it can be verified; under NCP+."""
    period = certificate.extensions.get_extension_for_class(x509.PrivateKeyUsagePeriod).value
    start = draft.not_before.replace(tzinfo=None)
    if draft.profile.key_life is None or period.not_before != start:
        raise NotLinted("period of the key's use")
    if (
        period.not_after != start + draft.profile.key_life - ONE_SECOND
        or draft.profile.key_life >= draft.profile.validity
    ):
        raise NotLinted("period of the key's use")
    (policy,) = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    (practice,) = policy.policy_qualifiers or (None,)
    if policy.policy_identifier != NCP_PLUS or not isinstance(practice, str):
        raise NotLinted("policy of a time-stamping unit")
    check_url(practice, "https")


def _text(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    attribute, *_ = certificate.subject.get_attributes_for_oid(oid)
    return str(attribute.value)


AUTHORITY: Final[tuple[Rule, ...]] = (says_test,)
SEAL: Final[tuple[Rule, ...]] = (subject_names_a_legal_person,)
SERVICE: Final[tuple[Rule, ...]] = (says_test, belongs_to_the_provider)
TIME_STAMPING: Final[tuple[Rule, ...]] = (time_stamping_key,)
