"""What a founding ceremony will do, as one file says it for people to review: `config/ceremony.toml` is an example.

The file decides nothing that the settings and the profiles do not decide too: it says it again, completely, so that
what was reviewed is what is done. Where the two differ, nothing is done, and the difference is named.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from ca import profiles
from core.addresses import FIRST
from core.algorithms import KeyType
from core.config import is_loopback
from core.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ca.profiles import Profile
    from core.config import Settings

Role = Literal["ceremony administrator", "system operator", "administrator", "key keeper", "witness", "auditor"]
_LEAST: Final = 2  # people at a ceremony that a file describes
_PARTS: Final = {
    "ocsp": "TEST OCSP Responder 1",
    "time_stamping": "TEST Time-Stamping Unit 1",
    "list_signer": "TEST Trusted List Signer 1",
}


class CeremonyRefused(DomainError):
    """A ceremony file that cannot be read, or that says something else than the settings; the text names the key."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The base of every section."""


class Provider(_Section, frozen=True):
    """Whose authority it is."""

    organization: str
    organization_identifier: str
    country: str
    marking: Literal["honest", "full"]


class Authority(_Section, frozen=True):
    """The root, or the issuing CA."""

    name: str
    key: str
    hash: str  # with which the root signs its certificate
    days: int  # of its validity
    path_length: int  # -1: not limited
    policies: list[str]


class Service(_Section, frozen=True):
    """A part of the service with a key and a certificate of its own."""

    name: str
    key: str
    days: int
    key_days: int  # how long its key is used
    policies: list[str]


class Signatories(_Section, frozen=True):
    """What will be issued to people afterwards."""

    key: str
    days: int
    policies: list[str]


class Person(_Section, frozen=True):
    """Somebody who is present."""

    name: str
    role: Role


class Plan(_Section, frozen=True):
    """A ceremony file."""

    title: str
    place: str
    provider: Provider
    root: Authority
    issuing: Authority
    ocsp: Service
    time_stamping: Service
    list_signer: Service
    time_stamp_policy: str
    signatories: Signatories
    present: list[Person]


def plan_for(settings: Settings, file: Path | None) -> Plan:
    """Return the plan of an installation: that of the reviewed file, or where nobody else can reach it the built-in one.

    Raises:
        CeremonyRefused: the file cannot be used, or there must be one.
    """
    if file is not None:
        return read(file, settings)
    if not is_loopback(settings.service.public_origin):
        raise CeremonyRefused("others can reach this installation: found it with --ceremony and a reviewed file")
    return of_settings(settings)


def of_settings(settings: Settings) -> Plan:
    """Return the built-in plan: what the settings and the profiles say, for an installation that nobody else can reach."""
    ca = settings.ca
    return Plan(
        title="Founding of a TEST authority",
        place="this machine",
        provider=Provider(
            organization=ca.organization,
            organization_identifier=ca.organization_identifier,
            country=ca.country,
            marking=ca.marking,
        ),
        root=_authority(ca.root_name, profiles.root(ca)),
        issuing=_authority(ca.issuing_name, profiles.issuing(ca)),
        ocsp=_service("ocsp", profiles.ocsp(ca, FIRST)),
        time_stamping=_service("time_stamping", profiles.tsu(ca, FIRST)),
        list_signer=_service("list_signer", profiles.list_signer(ca, FIRST)),
        time_stamp_policy=settings.status.tsa_policy_oid,
        signatories=_signatories(settings, profiles.signatory(ca, FIRST)),
        present=[Person(name="Whoever ran the command", role="system operator")],
    )


def read(path: Path, settings: Settings) -> Plan:
    """Return the plan in a file, after checking that it says what will be done under these settings.

    Raises:
        CeremonyRefused: it cannot be read, a key is unknown or missing, or a value is not that of the settings.
    """
    try:
        plan = msgspec.toml.decode(path.read_bytes(), type=Plan)
    except (OSError, msgspec.MsgspecError) as error:
        raise CeremonyRefused(f"{path}: {error}") from error
    _check(plan, of_settings(settings), path)
    return plan


def to_toml(plan: Plan) -> str:
    """Return a plan as a file says it."""
    tables: dict[str, Any] = msgspec.to_builtins(plan)
    people = tables.pop("present")
    lines = [f"{name} = {_toml(value)}" for name, value in tables.items() if not isinstance(value, dict)]
    for name, table in tables.items():
        if isinstance(table, dict):
            lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
    for person in people:
        lines += ["", "[[present]]", *(f"{key} = {_toml(value)}" for key, value in person.items())]
    return "\n".join(lines) + "\n"


def words(plan: Plan) -> Iterator[str]:
    """Give what the ceremony will do, in plain words, a line each."""
    yield f"{plan.title}, at {plan.place}."
    provider = plan.provider
    yield f"For {provider.organization} ({provider.organization_identifier}, {provider.country}), a TEST authority."
    claims = "claim full qualification, as a simulation" if provider.marking == "full" else "claim nothing qualified"
    yield f"Its certificates {claims}."
    yield _of_authority("A root", plan.root, "which certifies itself")
    yield _of_authority("An issuing CA", plan.issuing, "which the root certifies")
    yield _of_service("An OCSP responder", plan.ocsp)
    yield _of_service("A time-stamping unit", plan.time_stamping)
    yield f"It stamps under the policy {plan.time_stamp_policy}."
    yield _of_service("A signer of the trusted list", plan.list_signer)
    people = plan.signatories
    yield f"People get certificates for {people.days} days, key {people.key}, policies {', '.join(people.policies)}."
    yield "Keys that the SAM and the authority need for themselves, and every other secret, are made on the spot."
    yield "Present: " + "; ".join(f"{each.name} ({each.role})" for each in plan.present) + "."


def _check(plan: Plan, expected: Plan, path: Path) -> None:
    said, done = msgspec.to_builtins(plan), msgspec.to_builtins(expected)
    for name in ("provider", "root", "issuing", "ocsp", "time_stamping", "list_signer", "signatories"):
        for key, value in done[name].items():
            if said[name][key] != value:
                raise CeremonyRefused(f"{path}: {name}.{key}: {said[name][key]!r}, and the settings say {value!r}")
    if plan.time_stamp_policy != expected.time_stamp_policy:
        raise CeremonyRefused(f"{path}: time_stamp_policy: the settings say {expected.time_stamp_policy!r}")
    for name in ("title", "place"):
        if not said[name].strip():
            raise CeremonyRefused(f"{path}: {name}: is empty")
    names = [each.name.strip() for each in plan.present]
    if len(set(names)) < _LEAST or len(set(names)) != len(names) or not all(names):
        raise CeremonyRefused(f"{path}: present: at least {_LEAST} people, each with a name and once")


def _authority(name: str, profile: Profile) -> Authority:
    (key,) = profile.keys
    return Authority(
        name=name,
        key=key.value,
        hash=profile.rsa_hash.name.lower() if key.is_rsa else key.algorithms[0].hash.name.lower(),
        days=profile.validity.days,
        path_length=-1 if profile.path_length is None else profile.path_length,
        policies=[policy.dotted_string for policy in profile.policies],
    )


def _service(part: str, profile: Profile) -> Service:
    return Service(
        name=_PARTS[part],
        key=KeyType.EC_P256.value,
        days=profile.validity.days,
        key_days=(profile.key_life or profile.validity).days,
        policies=[policy.dotted_string for policy in profile.policies],
    )


def _signatories(settings: Settings, profile: Profile) -> Signatories:
    policies = [policy.dotted_string for policy in profile.policies]
    return Signatories(key=settings.sam.signatory_key, days=profile.validity.days, policies=policies)


def _of_authority(kind: str, authority: Authority, how: str) -> str:
    policies = f", policies {', '.join(authority.policies)}" if authority.policies else ""
    length = "" if authority.path_length < 0 else ", for certificates of people and services only"
    key = f"key {authority.key}, {authority.hash}, valid for {authority.days} days"
    return f'{kind} "{authority.name}", {how}: {key}{policies}{length}.'


def _of_service(kind: str, service: Service) -> str:
    used = "" if service.key_days == service.days else f", its key used for {service.key_days}"
    policies = f", policies {', '.join(service.policies)}" if service.policies else ""
    return f'{kind} "{service.name}": key {service.key}, certificate for {service.days} days{used}{policies}.'


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
