"""`paraph init`: everything an installation needs, made on the spot: folders, secrets, tokens, keys, root and issuing CA.

No default is a secret. What one zone must trust of another is pinned as a file in the trusting zone's own folder. A run
that was cut short leaves an installation that counts as none; it is not continued, but made anew from an empty folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from apps.ca import LIST_KEY, open_installed
from apps.certification import certify_key
from apps.files import PUBLIC_MODE, make_folder, write_pinned, write_secret
from apps.founding import Founder, Founders, founders_of
from apps.installation import TOKEN_TEMPLATE
from apps.status_keys import PARTS, certify_part
from ca.addresses import FIRST
from ca.ceremony import perform, publish_all
from ca.server import LIST_SIGNER
from ca.statements.publisher import publish_statements
from ca.status_parts import TSU_CERTIFICATE, ocsp_certificate
from core.algorithms import KeyType
from core.clock import SystemClock
from core.entropy import SystemEntropy
from core.errors import DomainError
from hsm.keys import TokenSigningKey, generate_key_pair, generate_mac_key
from hsm.session import Token
from hsm.softhsm import create_token
from hsm.wrapping import generate_wrapping_key
from portal.entropy import SystemEntropy as PortalEntropy
from portal.keys import make_secrets
from preflight.verdict import generate_verdict_key

if TYPE_CHECKING:
    from collections.abc import Callable

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


def initialise(settings: Settings, say: Callable[[str], None], at_terminal: Founders | None = None) -> None:
    """Make an installation; `at_terminal` asks people for what a development installation makes up.

    Raises:
        AlreadyInitialised: the state folder has one, or what is left of an attempt.
        FoundersMissing: its first two administrators must be asked, and nobody can be.
        HsmError: a token or key could not be made.
    """
    state = settings.state_dir
    if is_initialised(settings):
        raise AlreadyInitialised(str(state))
    if state.exists() and any(state.iterdir()):
        raise AlreadyInitialised(f"{state} is not empty; an earlier attempt may have been cut short. Remove it first")
    founders = founders_of(settings, at_terminal)
    chosen = founders.choose()
    _folders(settings)
    say("Making four tokens and their keys")
    tokens = {zone: _token(settings, zone) for zone in TOKENS}
    attestation_key = _sam_keys(tokens["sam"])
    _pinned_statements(settings, attestation_key)
    say(f"Making the root and issuing CA ({settings.ca.key})")
    _ceremony(settings, tokens["root"], tokens["ca"])
    _pinned_certificates(settings)
    say("Making the keys of the OCSP responder and the time-stamping unit, and their certificates")
    _status_parts(settings, tokens["status"])
    say("Making the key of the trusted list's signer, its certificate, the first list, and the statements")
    _trusted_list(settings, tokens["ca"])
    publish_statements(settings, settings.published())
    say("Making the first two administrators")
    _administrators(settings, founders, chosen)
    write_secret(settings.zone_dir("web") / "secret.key", SystemEntropy().token_bytes(32))
    make_secrets(settings.zone_dir("portal"), PortalEntropy())
    write_pinned(state / _COMPLETE, b"1\n")
    say(f"Made a new installation in {state}; every secret in it is new and readable by you only")


def expected_files(settings: Settings) -> tuple[Path, ...]:
    """Return every secret and pinned file that a complete installation has, and the folders that hold them."""
    names = {
        **dict.fromkeys(TOKENS, ("pin", "so-pin", "softhsm2.conf", "tokens")),
        "web": ("secret.key",),
        "preflight": ("verdict.key",),
        "portal": ("secret.key", "request.key", "root.pem"),
    }
    names["sam"] = (*names["sam"], "verdict.pub", "issuing.pem", "root.pem")
    names["ca"] = (*names["ca"], "sam-attestation.pub", "issuing.pem", "root.pem", LIST_SIGNER)
    names["status"] = (*names["status"], ocsp_certificate(FIRST), TSU_CERTIFICATE)
    folders = [settings.zone_dir(zone) for zone in names]
    return (*folders, *(settings.zone_dir(zone) / name for zone, each in names.items() for name in each))


def _folders(settings: Settings) -> None:
    make_folder(settings.state_dir, PUBLIC_MODE)  # `public` in it is for everyone, all else has a mode of its own
    for name in (*TOKENS, "web", "preflight", "portal", "run", "outbox", "logs"):
        make_folder(settings.state_dir / name)
    make_folder(settings.published(), PUBLIC_MODE)


def _token(settings: Settings, zone: str) -> Token:
    module = Path(settings.sam.module if zone == "sam" else settings.ca.module)
    create_token(settings.zone_dir(zone), TOKEN_TEMPLATE, module, TOKENS[zone], SystemEntropy())
    return Token(settings.zone_dir(zone), module, TOKENS[zone])


def _sam_keys(token: Token) -> bytes:
    """Make the SAM's own keys, each for one purpose; return the attestation key's SubjectPublicKeyInfo, DER."""
    generate_wrapping_key(token, "wrap")
    for label in SAM_MAC_KEYS:
        generate_mac_key(token, label)
    public_key = generate_key_pair(token, "attest", KeyType.EC_P256)
    token.close()
    return public_key


def _ceremony(settings: Settings, root: Token, issuing: Token) -> None:
    key_type = KeyType(settings.ca.key)
    generate_key_pair(root, "root", key_type)
    generate_key_pair(issuing, "issuing", key_type)
    for label in CA_MAC_KEYS:
        generate_mac_key(issuing, label)
    keys = TokenSigningKey(root, "root"), TokenSigningKey(issuing, "issuing")
    publish_all(perform(*keys, settings.ca, SystemClock(), SystemEntropy()), settings.published())


def _status_parts(settings: Settings, token: Token) -> None:
    """Have the authority, opened here before its zone runs, certify the keys of the `status` zone."""
    certifying = open_installed(settings).certifying
    for part in PARTS:
        certify_part(part, settings.zone_dir("status"), token, certifying.issue)
    token.close()


def _trusted_list(settings: Settings, token: Token) -> None:
    generate_key_pair(token, LIST_KEY, KeyType.EC_P256)
    opened = open_installed(settings)
    path = settings.zone_dir("ca") / LIST_SIGNER
    certify_key("list-signer", LIST_NAME, TokenSigningKey(token, LIST_KEY), path, opened.certifying.issue)
    opened.trusted_list.publish()


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
        for zone in ("sam", "ca"):
            target = settings.zone_dir(zone) / f"{name}.pem"
            if not target.exists():
                write_pinned(target, pem)
    write_pinned(settings.zone_dir("portal") / "root.pem", (settings.published() / "root.pem").read_bytes())
