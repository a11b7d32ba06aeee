"""What a certificate may be issued for: a key, a name and a profile, with the grounds on which they belong together.

Three things make an application: the SAM's attestation of a signatory's key with a request that the key signed; a request
whose sender proved to hold the key, for a part of the service itself; and such a request with what an administrator
vetted of a legal person.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

import msgspec
from cryptography import x509
from cryptography.x509.oid import NameOID

from ca import public_keys
from ca.attestation import AttestedKey
from ca.csr import ProvenRequest
from ca.names import LONGEST_COMMON_NAME, LegalPerson, legal_person_name, signatory_name
from ca.profiles import Profile
from ca.protocol import NameRefused, NotLinted, PossessionNotProven
from ca.public_keys import PublicKey
from core.errors import Malformed

_encoder: Final = msgspec.msgpack.Encoder()
_SERVICE_NAME: Final = re.compile(r"TEST [A-Za-z0-9ĂÂÎȘȚăâîșț .()/-]*[A-Za-z0-9ĂÂÎȘȚăâîșț.)]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A key to be certified, for whom, and why."""

    profile: Profile
    subject: x509.Name
    public_key: PublicKey
    credential: str  # the SAM's name of a signatory's credential
    grounds: bytes  # as the record keeps it


def of_signatory(profile: Profile, attested: AttestedKey, request: ProvenRequest) -> Application:
    """Return the application that the SAM's word makes, with the request that its key signed.

    Whatever name the request has is not read: the subject is whom the registration vetted.

    Raises:
        PossessionNotProven: the request is about another key than the attestation.
        NotLinted: a name or number such as no certificate may have.
    """
    if public_keys.encoded(request.public_key) != attested.public_key_der:
        raise PossessionNotProven("the request is about another key than the attestation")
    try:
        subject = signatory_name(attested.person)
    except Malformed as error:
        raise NotLinted(f"{type(error).__name__}: {error.detail}") from error
    return Application(
        profile=profile,
        subject=subject,
        public_key=request.public_key,
        credential=attested.credential,
        grounds=_encoder.encode([attested.attestation, request.der]),
    )


class _Vetted(msgspec.Struct, frozen=True):
    """The grounds of a legal person's certificate, as the record keeps them."""

    request: bytes
    organization: str
    identifier: str
    common_name: str
    vetted_by: str


def of_legal_person(profile: Profile, request: ProvenRequest, vetted: LegalPerson, by: str) -> Application:
    """Return the application of a legal person, in the name that was vetted and no other.

    Raises:
        NameRefused: the request's own subject says something else, or no certificate may have this name.
    """
    try:
        subject = legal_person_name(vetted)
    except Malformed as error:
        raise NameRefused(error.detail) from error
    known = {attribute.oid: attribute.value for attribute in subject}
    for attribute in request.subject:
        if known.get(attribute.oid) != attribute.value:
            raise NameRefused(f"the request says otherwise than was vetted: {attribute.rfc4514_string()[:80]}")
    grounds = _Vetted(request.der, vetted.organization, vetted.identifier, vetted.common_name, by)
    return Application(
        profile=profile,
        subject=subject,
        public_key=request.public_key,
        credential="",
        grounds=_encoder.encode(grounds),
    )


def of_service(profile: Profile, request: ProvenRequest, authority: x509.Name) -> Application:
    """Return the application of a part of the service, in the name of the authority's own organization.

    Raises:
        NameRefused: the request names another organization, or has no common name that a test service may have.
    """
    return Application(
        profile=profile,
        subject=_service_subject(request.subject, authority),
        public_key=request.public_key,
        credential="",
        grounds=request.der,
    )


def _service_subject(asked: x509.Name, authority: x509.Name) -> x509.Name:
    own = {attribute.oid: attribute.value for attribute in authority}
    given = {attribute.oid: attribute.value for attribute in asked}
    if len(given) != len(list(asked)) or not given.keys() <= own.keys():
        raise NameRefused("country, organization, its identifier and a common name, each at most once")
    name = given.pop(NameOID.COMMON_NAME, "")
    if any(own[oid] != value for oid, value in given.items()):
        raise NameRefused("another country or organization than the authority's")
    attributes = {**own, NameOID.COMMON_NAME: _common_name(name)}
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes.items()])


def _common_name(name: str | bytes) -> str:
    if not isinstance(name, str) or not name:
        raise NameRefused("a common name is needed")
    if len(name.encode(errors="replace")) > LONGEST_COMMON_NAME:
        raise NameRefused(f"common name: at most {LONGEST_COMMON_NAME} bytes")
    if unicodedata.normalize("NFC", name) != name or not _SERVICE_NAME.fullmatch(name):
        raise NameRefused("common name: TEST, then Latin letters, digits, spaces and . ( ) / -")
    return name
