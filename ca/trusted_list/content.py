"""What the test scheme's list says, as frozen data with the clause that wants each part (TS 119 612 v2.4.1).

Everything in it is a simulation: no authority granted these services anything. The notice says so first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from ca.generations import Generation
from ca.profiles import QCP_N_QSCD
from ca.trusted_list import uris
from core import addresses
from core.config import Ca

VERSION: Final = 6  # §5.3.1: of lists since v2.3.1
HISTORY_PERIOD: Final = 65535  # §5.3.12: nothing is ever removed
LIFE: Final = timedelta(days=90)  # §5.3.15: at most six months
ENGLISH: Final = "en"  # §5.1.4: what is said, is said in English at least

Texts = Mapping[str, str]  # language, lower case → text


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """§5.3.5: postal address in each language, and electronic ones."""

    street: str
    locality: str
    postal_code: str
    country: str
    email: str  # §5.3.5.2: at least one of each
    website: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """§5.3: whose list it is and by which rules."""

    operator: Texts  # §5.3.4: the O of the list signer's certificate
    address: Address  # §5.3.5
    name: Texts  # §5.3.6: territory, colon, name
    information: Texts  # §5.3.7: where more is said
    rules: tuple[str, ...]  # §5.3.9: URIs
    territory: str  # §5.3.10: the C of the list signer's certificate
    notice: Texts  # §5.3.11
    location: str  # §5.3.16


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """§5.4: who runs the services."""

    name: str  # §5.4.1: exactly the O of the authority, by which validators match
    trade_name: str  # §5.4.2: its registration number
    address: Address  # §5.4.3
    information: Texts  # §5.4.4


@dataclass(frozen=True, slots=True)
class Status:
    """§5.5.4, §5.5.5: what a service is, and since when."""

    uri: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualification:
    """§5.5.9.2: certificates with these policies, for content commitment, have this quality."""

    qualifier: str
    policies: tuple[str, ...]  # bare dotted numbers: readers compare them literally


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """§5.5: one service, known by its certificate."""

    kind: str  # §5.5.1
    certificate: x509.Certificate  # §5.5.3
    status: Status
    supply_points: tuple[tuple[str, str], ...]  # §5.5.7: kind of service, URL
    history: tuple[Status, ...] = ()  # §5.5.10: newest first
    purpose: str | None = None  # §5.5.9.4
    qualification: Qualification | None = None
    expired_since: datetime | None = None  # §5.5.9.1: from when on expired certificates stay on the lists


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedList:
    """One issue of the list."""

    number: int  # §5.3.2: one more than the last
    issued_at: datetime  # §5.3.14
    next_update: datetime  # §5.3.15
    scheme: Scheme
    provider: Provider
    services: tuple[Service, ...]


def scheme(settings: Ca) -> Scheme:
    """Return the test scheme, which the provider itself runs."""
    return Scheme(
        operator={ENGLISH: settings.organization, "ro": settings.organization},
        address=_address(settings),
        name={
            ENGLISH: f"{settings.country}:TEST trusted list, without legal effect",
            "ro": f"{settings.country}:Listă de încredere de TEST, fără valoare juridică",
        },
        information=_statement(settings),
        rules=(uris.COMMON_RULES, uris.TERRITORY_RULES.format(settings.country)),
        territory=settings.country,
        notice={
            ENGLISH: "TEST. This list belongs to no Member State and has no legal effect: no supervisory body has"
            " granted the services in it anything. It is for trying out software only. Do not import it anywhere.",
            "ro": "TEST. Această listă nu aparține niciunui stat membru și nu are valoare juridică: niciun organism de"
            " supraveghere nu a acordat ceva serviciilor din ea. Servește numai la încercarea programelor. Nu o importați"
            " nicăieri.",
        },
        location=settings.public_url + addresses.TRUSTED_LIST,
    )


def provider(settings: Ca) -> Provider:
    """Return the provider."""
    return Provider(
        name=settings.organization,
        trade_name=settings.organization_identifier,
        address=_address(settings),
        information=_statement(settings),
    )


def issuing_service(settings: Ca, generation: Generation, ended_at: datetime | None) -> Service:
    """Return the service of one generation of the issuing CA.

    The issuing CA itself is listed, not its root, which would bring along everything below it. One that was succeeded
    stays granted, because its certificates still sign, until it `ended_at` its last list or the root's revocation.
    """
    certificate = generation.certificate
    granted = Status(uris.GRANTED, certificate.not_valid_before_utc)  # before the first certificate it issued
    return Service(
        kind=uris.QUALIFIED_CERTIFICATES,
        certificate=certificate,
        status=granted if ended_at is None else Status(uris.WITHDRAWN, ended_at),
        history=() if ended_at is None else (granted,),
        supply_points=(
            (uris.QUALIFIED_CRL, settings.public_url + addresses.issuing_crl(generation.number)),
            (uris.QUALIFIED_OCSP, settings.public_url + addresses.OCSP),
        ),
        purpose=uris.FOR_SIGNATURES,
        qualification=Qualification(
            qualifier=uris.MANAGED_ON_BEHALF, policies=(QCP_N_QSCD.dotted_string, settings.policy_oid)
        ),
        expired_since=certificate.not_valid_before_utc,  # as the revocation lists say: expiredCertsOnCRL
    )


def supply_points(settings: Ca, kind: str) -> tuple[tuple[str, str], ...]:
    """Return where a service of this kind is reached."""
    path = addresses.OCSP if kind == uris.QUALIFIED_OCSP else addresses.TIME_STAMP
    return ((kind, settings.public_url + path),)


def _address(settings: Ca) -> Address:
    return Address(
        street=settings.street,
        locality=settings.locality,
        postal_code=settings.postal_code,
        country=settings.country,
        email=f"mailto:{settings.contact}",
        website=settings.documents_url + addresses.PRACTICE_STATEMENT,
    )


def _statement(settings: Ca) -> Texts:
    disclosure = settings.documents_url + addresses.DISCLOSURE_STATEMENT
    return {ENGLISH: disclosure.format("en"), "ro": disclosure.format("ro")}
