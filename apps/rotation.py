"""Ceremonies with the root key after the first one: rotation of the issuing key, and the root's own list.

They work beside the running zones, which notice by themselves what is new: the `ca` zone when it is next asked, the SAM
and the `status` zone when somebody first shows them a certificate of the new generation. What two people decided under
one proposal can be taken up again after an interruption, until it is done. Each has a transcript (`apps.ceremony`).
"""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from apps.ca import TOKEN_LABEL as CA_TOKEN
from apps.ca import open_installed
from apps.ceremony import facts, journal
from apps.ceremony.journal import Head, Journal
from apps.ceremony.transcript import transcript
from apps.files import replace_secret
from apps.status_keys import TOKEN_LABEL as STATUS_TOKEN
from apps.status_keys import certificate_file, certify_part
from ca import publication
from ca.acts import RotateIssuingKey, UseRoot
from ca.begun import Begun, take_up
from ca.root_ca import RootCa
from ca.root_list import RootLists
from core.addresses import issuing_name
from core.algorithms import KeyType
from core.clock import SystemClock
from hsm.keys import TokenSigningKey, destroy_key_pair, generate_key_pair, key_labels
from hsm.session import Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from ca.generations import Generation
    from ca.protocol import CrlPublished
    from ca.server import OpenAuthority
    from core.config import Settings

ROOT_TOKEN: Final = "paraph-root"  # noqa: S105  # a name, not a secret
_ROOT_KEY: Final = "root"


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation made."""

    generation: Generation
    responder: x509.Certificate
    by: str
    transcript: Path


def rotate_issuing(settings: Settings, proposal: str, say: Callable[[str], None]) -> Rotated:
    """Carry out the rotation of the issuing key that two people decided, or finish it.

    Raises:
        DomainError: it was not decided, is done, or a step failed; asked again, it goes on from there.
        OSError: a file could not be written; likewise.
    """
    opened = open_installed(settings)
    begun = take_up(opened.parts.database, opened.control.dual, proposal, RotateIssuingKey)
    number, act = begun.act.generation, begun.act
    held = _journal(settings, begun, "Rotation of the issuing key", _words(act))
    say(f"Making the key of {act.name} ({act.key}) on the token {CA_TOKEN}")
    key = _key(settings, begun)
    held.act(f"The key {issuing_name(number)} was made ({act.key})", facts.key(issuing_name(number), CA_TOKEN, key))
    say("Having the root certify it")
    certificate = _root_ca(settings, opened).certify(begun, key)
    held.act("The root certified the new issuing CA", *facts.certificate(certificate))
    _publish(settings, number, certificate)
    _pin(settings, number, certificate)
    say("Having it certify the responder that answers for its certificates, and publish its first list")
    opened.authority.make_round()
    responder = _responder(settings, number, opened)
    held.act("It certified the responder that answers for its certificates", *facts.certificate(responder))
    say("Having it take over")
    generation = opened.rotation.take_over(begun)
    held.act("It took over: certificates are issued by it from now on")
    opened.trusted_list.publish()
    return Rotated(generation, responder, begun.by, _end(held))


@dataclass(frozen=True, slots=True)
class RootListIssued:
    """What a use of the root key for its list made."""

    published: CrlPublished
    by: str
    transcript: Path


def issue_root_list(settings: Settings, proposal: str) -> RootListIssued:
    """Carry out the use of the root key for its list that two people decided, or finish it.

    Raises:
        DomainError: it was not decided, is done, or could not be done; asked again, it goes on from there.
    """
    opened = open_installed(settings)
    begun = take_up(opened.parts.database, opened.control.dual, proposal, UseRoot)
    folder = settings.zone_dir("root")
    lists = RootLists(root_of(settings), _root_key(settings), folder, settings.published(), opened.parts)
    revoked = f", with the issuing CA {begun.act.subject} on it ({begun.act.reason})" if begun.act.subject else ""
    held = _journal(settings, begun, "Use of the root key", [f"The root issues its revocation list anew{revoked}."])
    new = lists.issue(begun)
    file = facts.file(settings.published() / publication.ROOT_CRL)
    held.act(f"The root issued its list {new.number} with {new.entries} entries", file)
    return RootListIssued(new, begun.by, _end(held))


def root_of(settings: Settings) -> x509.Certificate:
    """Return the root's certificate as it is pinned for the authority."""
    return x509.load_pem_x509_certificate((settings.zone_dir("ca") / publication.ROOT_CERTIFICATE_PEM).read_bytes())


def _root_ca(settings: Settings, opened: OpenAuthority) -> RootCa:
    folder = settings.zone_dir("root")
    return RootCa(root_of(settings), _root_key(settings), folder, settings.ca, opened.parts)


def _root_key(settings: Settings) -> TokenSigningKey:
    token = Token(settings.zone_dir("root"), Path(settings.ca.module), ROOT_TOKEN)
    return TokenSigningKey(token, _ROOT_KEY)


def _key(settings: Settings, begun: Begun[RotateIssuingKey]) -> bytes:
    """Return the new public key: what an attempt left uncertified is destroyed, what the root certified stays."""
    token = Token(settings.zone_dir("ca"), Path(settings.ca.module), CA_TOKEN)
    label = issuing_name(begun.act.generation)
    certified = (settings.zone_dir("root") / publication.issuing_certificate(begun.act.generation)).exists()
    if label in key_labels(token) and not certified:
        destroy_key_pair(token, label)
    if label not in key_labels(token):
        return generate_key_pair(token, label, KeyType(begun.act.key))
    return TokenSigningKey(token, label).public_key_der


def _publish(settings: Settings, number: int, certificate: x509.Certificate) -> None:
    for name, encoding in (
        (publication.issuing_certificate(number), Encoding.DER),
        (publication.issuing_certificate_pem(number), Encoding.PEM),
    ):
        publication.publish(settings.published(), name, certificate.public_bytes(encoding))


def _pin(settings: Settings, number: int, certificate: x509.Certificate) -> None:
    for zone in ("sam", "web", "ca"):  # the authority last: whoever shows a certificate of it to the others is late
        path = settings.zone_dir(zone) / publication.issuing_certificate_pem(number)
        replace_secret(path, certificate.public_bytes(Encoding.PEM))


def _responder(settings: Settings, number: int, opened: OpenAuthority) -> x509.Certificate:
    folder = settings.zone_dir("status")
    path = folder / certificate_file("ocsp", number)
    if path.exists():
        return x509.load_pem_x509_certificate(path.read_bytes())
    token = Token(folder, Path(settings.ca.module), STATUS_TOKEN)
    certify = partial(opened.certifying.issue, generation=number)
    return certify_part("ocsp", folder, token, certify, number)


def _journal(
    settings: Settings, begun: Begun[RotateIssuingKey] | Begun[UseRoot], title: str, plan: list[str]
) -> Journal:
    """Return the journal of a ceremony, which a proposal has one of, however often it is taken up."""
    folder, ending = settings.state_dir / journal.FOLDER, f"-{begun.proposal}.jsonl"
    earlier = sorted(folder.glob(f"*{ending}"))
    path = earlier[-1] if earlier else folder / f"{SystemClock().now():%Y%m%dT%H%M%SZ}{ending}"
    held = Journal(path, SystemClock())
    present = [(name, "administrator") for name in begun.by.split(" and ")]
    held.begin(Head(title, settings.ca.organization, plan, [*present, (getpass.getuser(), "system operator")]))
    if earlier:
        held.act("The ceremony was taken up again")
    held.act(f"Decided by {begun.by}", ("Proposal", begun.proposal))
    return held


def _end(held: Journal) -> Path:
    held.end()
    path = held.path.with_suffix(".txt")
    replace_secret(path, transcript(held.path).encode())
    return path


def _words(act: RotateIssuingKey) -> list[str]:
    return [
        f'A new issuing CA "{act.name}", generation {act.generation}: key {act.key}, valid for {act.days} days.',
        "The root certifies it; it certifies its responder, publishes its first list, and takes over.",
        "The issuing CA before it goes on with its lists until its last certificate has ended.",
    ]
