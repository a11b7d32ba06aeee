"""Rules of a signatory's certificate alone: whom it names."""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from ca.draft import Draft
from ca.names import Person, signatory_name
from ca.protocol import NotLinted
from ca.rules import Rule
from core.errors import Malformed


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


def _attribute(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    attribute, *_ = certificate.subject.get_attributes_for_oid(oid)
    return str(attribute.value)


SIGNATORY: Final[tuple[Rule, ...]] = (subject_names_a_person,)
