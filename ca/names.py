"""Names of authorities and signatories, built as typed attributes and never from one string (attack Z10).

One attribute for each RDN; UTF8String but for country and serial number, which are PrintableString (the builder's own
choice for these two). Diacritics stay: a transliteration would have to be logged (EN 319 412-2 NAT-4.2.4-12A).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from cryptography.x509 import Name, NameAttribute, ObjectIdentifier
from cryptography.x509.oid import NameOID

from core.config import Ca
from core.errors import Malformed
from core.personal_names import check_one_script, normal_name

LONGEST_COMMON_NAME: Final = 64  # bytes of UTF-8; RFC 5280 counts characters, libraries count bytes
_LONGEST_ORGANIZATION: Final = 64  # characters; RFC 5280 appendix A.1: ub-organization-name
_SUBJECT_SERIAL: Final = re.compile(r"(PNO|IDC|PAS|TIN)([A-Z]{2})-([0-9A-Z]{1,32})")
_ORGANIZATION_IDENTIFIER: Final = re.compile(
    r"(VAT|NTR|EOR|EXC|PSD)([A-Z]{2})-([0-9A-Z/.-]{1,50})|LEI(XG)-([0-9A-Z]{20})"
)
_ROMANIAN_NUMBER: Final = re.compile(r"PNORO-[0-9]{13}")


class SubjectSerialMalformed(Malformed):
    """A subject serial number outside the semantics of EN 319 412-1 §5.1.3."""


class OrganizationIdentifierMalformed(Malformed):
    """An organization identifier outside the semantics of EN 319 412-1 §5.1.4."""


class NameTooLong(Malformed):
    """No common name, or name of an organization, of a length that certificates may have."""


@dataclass(frozen=True, slots=True)
class Person:
    """The natural person a certificate is for, as vetted."""

    given_name: str
    surname: str
    subject_serial: str  # e.g. PNORO-2900101400016


@dataclass(frozen=True, slots=True)
class LegalPerson:
    """The legal person a seal's certificate is for, as vetted."""

    organization: str  # full registered name
    identifier: str  # e.g. VATRO-12345678, NTRRO-J40/1234/2020
    common_name: str  # by which it is known


def authority_name(settings: Ca, common_name: str) -> Name:
    """Return the name of a CA. Source: EN 319 412-2 GEN-4.2.3.1.

    Raises:
        Malformed: a text too long or too short for its attribute.
    """
    return service_name(settings.country, settings.organization, settings.organization_identifier, common_name)


def signatory_name(person: Person) -> Name:
    """Return the subject of a natural person's certificate. Source: EN 319 412-2 §4.2.4.

    Raises:
        NameMalformed, MixedScripts: a name that no identity document has.
        SubjectSerialMalformed: the serial number is not of a kind that the natural semantics know.
        NameTooLong: given name and surname make no common name.
    """
    given_name, surname = normal_name(person.given_name), normal_name(person.surname)
    check_one_script(given_name, surname)
    return _name(
        (NameOID.COUNTRY_NAME, country_of(person.subject_serial)),
        (NameOID.SURNAME, surname),
        (NameOID.GIVEN_NAME, given_name),
        (NameOID.SERIAL_NUMBER, person.subject_serial),
        (NameOID.COMMON_NAME, common_name(given_name, surname)),
    )


def legal_person_name(person: LegalPerson) -> Name:
    """Return the subject of a legal person's certificate. Source: EN 319 412-3 §4.2.1.

    Raises:
        OrganizationIdentifierMalformed: the identifier is not of a kind that the legal semantics know.
        NameTooLong: the common name or the organization does not fit.
        Malformed: a text too long or too short for its attribute, or the identifier stands for the name.
    """
    match = _ORGANIZATION_IDENTIFIER.fullmatch(person.identifier)
    if match is None:
        raise OrganizationIdentifierMalformed(repr(person.identifier[:60]))
    if person.identifier == person.organization:
        raise Malformed("the registration number in place of the name")
    return service_name(match[2] or match[4], person.organization, person.identifier, person.common_name)


def service_name(country: str, organization: str, identifier: str, name: str) -> Name:
    """Return the subject of an organization, or of a part of it.

    Raises:
        NameTooLong: `name` is longer than a common name may be, or `organization` than an organization's.
        Malformed: a text too long or too short for its attribute.
    """
    if len(name.encode()) > LONGEST_COMMON_NAME:
        raise NameTooLong(f"{len(name.encode())} bytes, {LONGEST_COMMON_NAME} fit")
    if len(organization) > _LONGEST_ORGANIZATION:
        raise NameTooLong(f"{len(organization)} characters of an organization, {_LONGEST_ORGANIZATION} fit")
    return _name(
        (NameOID.COUNTRY_NAME, country),
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.ORGANIZATION_IDENTIFIER, identifier),
        (NameOID.COMMON_NAME, name),
    )


def country_of(subject_serial: str) -> str:
    """Return the country whose register a subject's serial number comes from.

    Raises:
        SubjectSerialMalformed: not `<type><country>-<identifier>`, or a Romanian number not of thirteen digits.
    """
    match = _SUBJECT_SERIAL.fullmatch(subject_serial)
    if match is None or (subject_serial.startswith("PNORO") and not _ROMANIAN_NUMBER.fullmatch(subject_serial)):
        raise SubjectSerialMalformed(repr(subject_serial[:60]))
    return match[2]


def common_name(given_name: str, surname: str) -> str:
    """Return a person's common name: all given names if they fit, otherwise the first (NAT-4.2.4-15).

    Raises:
        NameTooLong: not even that fits.
    """
    for given in (given_name, given_name.split(" ", 1)[0]):
        name = f"{given} {surname}"
        if len(name.encode()) <= LONGEST_COMMON_NAME:
            return name
    raise NameTooLong(f"{len(given_name)} and {len(surname)} characters")


def _name(*attributes: tuple[ObjectIdentifier, str]) -> Name:
    try:
        return Name([NameAttribute(oid, value) for oid, value in attributes])
    except ValueError as error:  # a length that X.520 does not allow
        raise Malformed(f"name: {error}") from error
