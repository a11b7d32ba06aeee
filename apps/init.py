"""`paraph init`: everything an installation needs, made on the spot: folders, secrets, tokens, keys, root and issuing CA.

No default is a secret. What one zone must trust of another is pinned as a file in the trusting zone's own folder. It is
a key ceremony: a plan says beforehand what is done, a journal tells each act, and a transcript is made of that
(`apps.ceremony`). One that was cut short is not continued: what it made is destroyed, and everything is made anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from apps.ca import CHECKPOINT_KEY, LIST_KEY, open_installed
from apps.ceremony import facts, founding
from apps.ceremony.plan import Plan, of_settings
from apps.certification import certify_key
from apps.files import PUBLIC_MODE, make_folder, write_pinned, write_secret
from apps.founding import Founder, Founders, founders_of
from apps.gateways import REPORT_SECRET
from apps.installation import TOKEN_TEMPLATE
from apps.status_keys import PARTS, certify_part, key_of
from ca.ceremony import perform, publish_all
from ca.publication import ROOT_CRL
from ca.server import LIST_SIGNER
from ca.statements.publisher import publish_statements
from ca.status_parts import TSU_CERTIFICATE, ocsp_certificate
from core.addresses import FIRST
from core.algorithms import KeyType
from core.clock import SystemClock
from core.entropy import SystemEntropy
from core.errors import DomainError
from hsm.keys import TokenSigningKey, generate_key_pair, generate_mac_key
from hsm.session import Token
from hsm.softhsm import create_token
from hsm.wrapping import generate_wrapping_key
from otp.delivery.report_addresses import SECRET_BYTES
from portal.entropy import SystemEntropy as PortalEntropy
from portal.keys import make_secrets
from preflight.verdict import generate_verdict_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.ceremony.journal import Journal
    from core.config import Settings

TOKENS: Final = {"root": "paraph-root", "ca": "paraph-ca", "sam": "paraph-sam", "status": "paraph-status"}
PUBLIC: Final = ("root", "issuing")
SAM_MAC_KEYS: Final = ("seal", "otp", "sad", "fingerprint", "evidence")
CA_MAC_KEYS: Final = ("audit", "seal", "admins")
LIST_NAME: Final = "TEST Trusted List Signer 1"
_COMPLETE: Final = "initialised"  # written last


class AlreadyInitialised(DomainError):
    """There is an installation in the state folder; init makes new ones only."""


class NotInitialised(DomainError):
    """There is no complete installation in the state folder."""


def is_initialised(settings: Settings) -> bool:
    """Return whether the state folder holds a complete installation."""
    return (settings.state_dir / _COMPLETE).exists()


def check_initialised(settings: Settings) -> None:
    """Check that there is a complete installation.

    Raises:
        NotInitialised: there is none.
    """
    if not is_initialised(settings):
        raise NotInitialised(f"{settings.state_dir}; run `paraph init` first")


def initialise(
    settings: Settings, say: Callable[[str], None], at_terminal: Founders | None = None, plan: Plan | None = None
) -> Path:
    """Make an installation, and return where its transcript is.

    `at_terminal` asks people for what a development installation makes up; `plan` is what they reviewed.

    Raises:
        AlreadyInitialised: the state folder has one, or something that no attempt of this command left.
        FoundersMissing: its first two administrators must be asked, and nobody can be.
        HsmError: a token or key could not be made.
    """
    if is_initialised(settings):
        raise AlreadyInitialised(str(settings.state_dir))
    if not founding.is_free(settings.state_dir):
        raise AlreadyInitialised(f"{settings.state_dir} is not empty, and no attempt of `paraph init` left that")
    founders = founders_of(settings, at_terminal)
    chosen = founders.choose()
    held = founding.begin(settings.state_dir, plan or of_settings(settings))
    _folders(settings)
    say("Making four tokens and their keys")
    tokens = {zone: _token(settings, zone) for zone in TOKENS}
    held.act("Four tokens were initialised, each with PINs of its own", ("Tokens", ", ".join(TOKENS.values())))
    _sam(settings, tokens["sam"], held)
    say(f"Making the root and issuing CA ({settings.ca.key})")
    _ceremony(settings, tokens["root"], tokens["ca"], held)
    _pinned_certificates(settings)
    say("Making the keys of the OCSP responder and the time-stamping unit, and their certificates")
    _status_parts(settings, tokens["status"], held)
    say("Making the key of the trusted list's signer, its certificate, the first list, and the statements")
    _trusted_list(settings, tokens["ca"], held)
    publish_statements(settings, settings.published())
    say("Making the first two administrators")
    _administrators(settings, founders, chosen)
    held.act("The first two administrators chose their passwords", ("Names", ", ".join(each.name for each in chosen)))
    write_secret(settings.zone_dir("web") / "secret.key", SystemEntropy().token_bytes(32))
    _report_secret(settings)
    make_secrets(settings.zone_dir("portal"), PortalEntropy())
    path = founding.end(settings, held)
    write_pinned(settings.state_dir / _COMPLETE, b"1\n")
    say(f"Made a new installation in {settings.state_dir}; every secret in it is new and readable by you only")
    return path


def expected_files(settings: Settings) -> tuple[Path, ...]:
    """Return every secret and pinned file that a complete installation has, and the folders that hold them."""
    names = {
        **dict.fromkeys(TOKENS, ("pin", "so-pin", "softhsm2.conf", "tokens")),
        "web": ("secret.key", "root.pem", "issuing.pem"),
        "preflight": ("verdict.key",),
        "portal": ("secret.key", "request.key", "root.pem"),
    }
    names["sam"] = (*names["sam"], "verdict.pub", "issuing.pem", "root.pem")
    names["ca"] = (*names["ca"], "sam-attestation.pub", "issuing.pem", "root.pem", LIST_SIGNER)
    names["status"] = (*names["status"], ocsp_certificate(FIRST), TSU_CERTIFICATE)
    if settings.sms.reports_listen:
        names |= {"sam": (*names["sam"], REPORT_SECRET), "reports": (REPORT_SECRET,)}
    folders = [*(settings.zone_dir(zone) for zone in names), settings.marks("sam").parent]
    return (*folders, *(settings.zone_dir(zone) / name for zone, each in names.items() for name in each))


def _folders(settings: Settings) -> None:
    for name in (*TOKENS, "web", "preflight", "portal", "reports", "marks", "run", "outbox", "logs"):
        make_folder(settings.state_dir / name)
    make_folder(settings.published(), PUBLIC_MODE)


def _token(settings: Settings, zone: str) -> Token:
    module = Path(settings.sam.module if zone == "sam" else settings.ca.module)
    create_token(settings.zone_dir(zone), TOKEN_TEMPLATE, module, TOKENS[zone], SystemEntropy())
    return Token(settings.zone_dir(zone), module, TOKENS[zone])


def _sam(settings: Settings, token: Token, held: Journal) -> None:
    """Make the SAM's own keys, each for one purpose, and pin what it and others believe of each other."""
    generate_wrapping_key(token, "wrap")
    for label in SAM_MAC_KEYS:
        generate_mac_key(token, label)
    public_key = generate_key_pair(token, "attest", KeyType.EC_P256)
    checkpoint = generate_key_pair(token, "checkpoint", KeyType.EC_P256)
    token.close()
    _pinned_statements(settings, public_key)
    labels = ", ".join(("wrap", *SAM_MAC_KEYS))
    pairs = (facts.key("attest", token.label, public_key), facts.key("checkpoint", token.label, checkpoint))
    held.act("The SAM's keys were made", ("Secret keys", labels), *pairs)


def _ceremony(settings: Settings, root: Token, issuing: Token, held: Journal) -> None:
    key_type = KeyType(settings.ca.key)
    made = [("root", root, generate_key_pair(root, "root", key_type))]
    made.append(("issuing", issuing, generate_key_pair(issuing, "issuing", key_type)))
    made.append((CHECKPOINT_KEY, issuing, generate_key_pair(issuing, CHECKPOINT_KEY, KeyType.EC_P256)))
    for label in CA_MAC_KEYS:
        generate_mac_key(issuing, label)
    for label, token, public_key in made:
        held.act(f"The key {label} was made", facts.key(label, token.label, public_key))
    keys = TokenSigningKey(root, "root"), TokenSigningKey(issuing, "issuing")
    publish_all(perform(*keys, settings.ca, SystemClock(), SystemEntropy()), settings.published())
    for what, name in (("The root certified itself", "root"), ("The root certified the issuing CA", "issuing")):
        held.act(what, *facts.certificate_in(settings.published() / f"{name}.pem"))
    held.act("The root issued its first revocation list", facts.file(settings.published() / ROOT_CRL))


def _status_parts(settings: Settings, token: Token, held: Journal) -> None:
    """Have the authority, opened here before its zone runs, certify the keys of the `status` zone."""
    certifying, folder = open_installed(settings).certifying, settings.zone_dir("status")
    for part in PARTS:
        made = certify_part(part, folder, token, certifying.issue)
        public_key = key_of(token, part, made).public_key_der
        held.act(
            "A key of the status zone was made, and the issuing CA certified it",
            facts.key(part, token.label, public_key),
            *facts.certificate(made),
        )
    token.close()


def _trusted_list(settings: Settings, token: Token, held: Journal) -> None:
    public_key = generate_key_pair(token, LIST_KEY, KeyType.EC_P256)
    opened = open_installed(settings)
    path = settings.zone_dir("ca") / LIST_SIGNER
    made = certify_key("list-signer", LIST_NAME, TokenSigningKey(token, LIST_KEY), path, opened.certifying.issue)
    opened.trusted_list.publish()
    held.act(
        "The key of the trusted list's signer was made and certified, and the first list issued",
        facts.key(LIST_KEY, token.label, public_key),
        *facts.certificate(made),
    )


def _report_secret(settings: Settings) -> None:
    """Make what the SAM and the zone `reports` share: the addresses of delivery reports come from it."""
    secret = SystemEntropy().token_bytes(SECRET_BYTES)
    for zone in ("sam", "reports"):
        write_secret(settings.zone_dir(zone) / REPORT_SECRET, secret)


def _administrators(settings: Settings, founders: Founders, chosen: tuple[Founder, Founder]) -> None:
    admins = open_installed(settings).control.admins
    for founder in chosen:
        founders.hand_over(admins.found(founder.name, founder.password), founder)


def _pinned_statements(settings: Settings, attestation_key: bytes) -> None:
    """Pin in each zone the key of the statements it believes: preflight's verdicts, the SAM's attestations."""
    public = generate_verdict_key(settings.zone_dir("preflight") / "verdict.key", SystemEntropy())
    write_pinned(settings.zone_dir("sam") / "verdict.pub", public)
    attestation = load_der_public_key(attestation_key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    write_pinned(settings.zone_dir("ca") / "sam-attestation.pub", attestation)


def _pinned_certificates(settings: Settings) -> None:
    for name in PUBLIC:
        pem = (settings.published() / f"{name}.pem").read_bytes()
        for zone in ("sam", "ca", "web"):
            target = settings.zone_dir(zone) / f"{name}.pem"
            if not target.exists():
                write_pinned(target, pem)
    write_pinned(settings.zone_dir("portal") / "root.pem", (settings.published() / "root.pem").read_bytes())
