"""Settings: read once from a TOML file, frozen, and handed down. `config/paraph.toml` documents every key."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path  # msgspec reads the annotations at run time
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from core.errors import DomainError
from core.sms_settings import Sms


class BadSettings(DomainError):
    """A settings file that cannot be used; the text names the key."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of every section: frozen, unknown keys refused."""


class Service(_Section, frozen=True):
    """What all zones know of the service."""

    name: str
    region: str
    public_origin: str
    sms_host: str
    sms_sender: str
    help_phone: str
    languages: tuple[str, ...]


class Web(_Section, frozen=True):
    """The `web` zone."""

    listen: str
    workers: int
    max_document_bytes: int
    max_documents: int
    max_request_bytes: int
    requests_a_minute: int
    signatory_requests_a_minute: int
    signatures_a_day: int
    csc_specs: Literal["2.0.0.2", "2.2.0.0"]


class Sam(_Section, frozen=True):
    """The `sam` zone."""

    workers: int
    module: str
    signatory_key: Literal["ec-p256", "ec-p384", "rsa-3072"]
    multisign: int
    sad_minutes: int
    honest_error_rate: float


class Ra(_Section, frozen=True):
    """Registration: how long what an officer decided may be used."""

    activation_days: int
    proofing_days: int
    renewal_days: int


class Ca(_Section, frozen=True):
    """The `ca` zone."""

    module: str
    key: Literal["rsa-4096", "ec-p384"]
    country: str
    organization: str
    organization_identifier: str
    street: str
    locality: str
    postal_code: str
    contact: str
    root_name: str
    issuing_name: str
    validity_days: int
    marking: Literal["honest", "full"]
    policy_oid: str
    public_url: str
    documents_url: str
    check_personal_number: bool


class Status(_Section, frozen=True):
    """The `status` zone."""

    listen: str
    workers: int
    tsa_policy_oid: str
    time_service_required: bool


class StatusSource(_Section, frozen=True):
    """Where the status of one issuer's certificates is asked: OCSP, or a revocation list."""

    issuer: Path
    ocsp: str = ""
    crl: str = ""


class Tsa(_Section, frozen=True):
    """The time-stamping authority that documents are stamped by."""

    url: str
    root: Path
    policies: tuple[str, ...]
    status: tuple[StatusSource, ...]


class Preflight(_Section, frozen=True):
    """The `preflight` zone."""

    workers: int
    memory_bytes: int
    seconds: int


class Portal(_Section, frozen=True):
    """The demonstration portal."""

    listen: str
    public_origin: str
    workers: int
    city: str
    sms_name: str
    max_file_bytes: int
    max_files: int
    level: Literal["AdES-B-B", "AdES-B-T", "AdES-B-LT", "AdES-B-LTA"]


class Metrics(_Section, frozen=True):
    """The numbers for Prometheus."""

    listen: str


class Phone(_Section, frozen=True):
    """The development phone."""

    listen: str


class Settings(_Section, frozen=True):
    """All settings of an installation."""

    state_dir: Path
    service: Service
    sms: Sms
    web: Web
    sam: Sam
    ra: Ra
    ca: Ca
    status: Status
    tsa: Tsa
    preflight: Preflight
    portal: Portal
    metrics: Metrics
    phone: Phone

    def zone_dir(self, zone: str) -> Path:
        """Return the folder of one zone: its database, its token store, its secrets."""
        return self.state_dir / zone

    def marks(self, zone: str) -> Path:
        """Return the file that tells how far a zone's database has got: beside it, and never restored with it."""
        return self.state_dir / "marks" / f"{zone}.sqlite"

    def socket(self, name: str) -> Path:
        """Return the unix socket called `name`, in a folder of its own."""
        return self.state_dir / "run" / name / "socket"

    def published(self) -> Path:
        """Return the folder of public files (certificates, CRL): the CA writes, `status` serves."""
        return self.state_dir / "public"

    def status_url(self) -> str:
        """Return where this machine reaches the zone `status`, whatever name the world knows it by."""
        return f"http://{self.status.listen}"

    def outbox(self) -> Path:
        """Return the folder of the development phone: the SAM writes, `phone` reads."""
        return self.state_dir / "outbox"


def is_loopback(url: str) -> bool:
    """Return whether a URL or `host:port` names this machine only."""
    host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # another name, and be it 127.0.0.1.example.com
        return False


def load(path: Path, overrides: dict[str, dict[str, Any]] | None = None) -> Settings:
    """Return the settings in the TOML file at `path`, with `overrides` ({section: {key: value}}) laid over it.

    Raises:
        BadSettings: unreadable, a key unknown, missing or of the wrong type, or a rule broken; the text says which.
    """
    try:
        data: dict[str, Any] = msgspec.toml.decode(path.read_bytes())
        for section, values in (overrides or {}).items():
            if section == "":
                data.update(values)
            else:
                data[section] = {**data.get(section, {}), **values}
        settings = msgspec.convert(data, Settings, dec_hook=_path)
    except (OSError, msgspec.MsgspecError) as error:
        raise BadSettings(f"{path}: {error}") from error
    _check(settings)
    return settings


def _path(kind: type, value: object) -> Path:
    if kind is not Path or not isinstance(value, str):
        raise NotImplementedError
    return Path(value)


def _check(settings: Settings) -> None:
    for name, origin in (
        ("service.public_origin", settings.service.public_origin),
        ("portal.public_origin", settings.portal.public_origin),
        *settings.sms.hops,
    ):
        if not (origin.startswith("https://") or (origin.startswith("http://") and is_loopback(origin))):
            raise BadSettings(f"{name}: must be https unless it is a loopback address")
    if not 1 <= settings.sam.multisign <= 1000:
        raise BadSettings("sam.multisign: between 1 and 1000")
    if min(settings.web.requests_a_minute, settings.web.signatory_requests_a_minute, settings.web.signatures_a_day) < 1:
        raise BadSettings("web: limits of requests and signatures are at least 1")
    _check_tsa(settings.tsa)
    for name in ("activation_days", "proofing_days", "renewal_days"):
        if getattr(settings.ra, name) < 1:
            raise BadSettings(f"ra.{name}: at least 1")
    if settings.ra.renewal_days >= settings.ca.validity_days:
        raise BadSettings("ra.renewal_days: less than ca.validity_days, or every new certificate would end soon")
    sender = settings.service.sms_sender
    if not (1 <= len(sender) <= 11 and sender.isascii() and sender.isprintable()):
        raise BadSettings("service.sms_sender: 1 to 11 printable ASCII characters")


def _check_tsa(tsa: Tsa) -> None:
    """Check that another authority is pinned where it is asked: nobody's word is taken on trust."""
    pinned = tsa.root != Path() and bool(tsa.policies)
    if bool(tsa.url) != pinned:
        raise BadSettings("tsa: url, root and policies belong together")
    if any(bool(source.ocsp) == bool(source.crl) for source in tsa.status):
        raise BadSettings("tsa.status: either ocsp or crl for each issuer")
