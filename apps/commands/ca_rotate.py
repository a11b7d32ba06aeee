"""`paraph ca rotate`: new keys for the responder, the time-stamping unit and the issuing CA, with overlap."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Literal

import click
from cryptography.hazmat.primitives import hashes

from apps.commands.authority import Admin, Authority, signing_in
from apps.commands.ca_parts import generation, newest, say_certificate, token_of
from apps.commands.ca_proposals import propose, propose_act
from apps.commands.frame import Group, as_json
from apps.commands.output import say_facts, say_json, say_step
from apps.rotation import root_of, rotate_issuing
from apps.status_keys import certify_part
from ca.acts import RotateIssuingKey
from ca.draft import Issuer
from ca.rotation import most_days, next_name
from core.clock import SystemClock

if TYPE_CHECKING:
    from apps.installation import Installation


@click.group(cls=Group)
def rotate() -> None:
    """Make a new key and have it certified; the one before it goes on where its certificates need it.

    The running zones notice by themselves. After a rotation of the issuing key, make a backup.
    """


@rotate.command(example="paraph ca rotate ocsp --as elena")
@generation
@as_json
@signing_in
@click.pass_obj
def ocsp(installation: Installation, *, generation: int | None, as_json: bool, admin: Admin) -> None:
    """Make a new key for the OCSP responder, of one generation of the issuing CA."""
    number = generation or newest(installation)
    certify = partial(Authority(installation).signed_in(admin).certify, generation=number)  # before a key is made
    folder = installation.settings().zone_dir("status")
    with closing(token_of(installation)) as token:
        say_certificate(certify_part("ocsp", folder, token, certify, number), as_json=as_json)


@rotate.command(example="paraph ca rotate tsa --as elena")
@as_json
@signing_in
@click.pass_obj
def tsa(installation: Installation, *, as_json: bool, admin: Admin) -> None:
    """Make a new time-stamping unit: another key, another name. Time-stamps of the one before it go on to verify."""
    authority = Authority(installation).signed_in(admin)  # before a key is made
    folder = installation.settings().zone_dir("status")
    with closing(token_of(installation)) as token:
        say_certificate(certify_part("tsu", folder, token, authority.certify), as_json=as_json)


@rotate.command(example="paraph ca rotate issuing p-1")
@click.argument("proposal")
@as_json
@click.pass_obj
def issuing(installation: Installation, *, proposal: str, as_json: bool) -> None:
    """Carry out a rotation of the issuing key that two administrators decided (paraph ca propose rotation).

    The root certifies a new issuing CA, which then issues; the one before it goes on signing its revocation lists until
    its last certificate has ended. Interrupted, it is finished by the same command.
    """
    done = rotate_issuing(installation.settings(), proposal, say_step)
    made = done.generation.certificate
    found = {
        "generation": done.generation.number,
        "subject": made.subject.rfc4514_string(),
        "serial": f"{made.serial_number:040x}",
        "sha256": made.fingerprint(hashes.SHA256()).hex(),
        "responder": f"{done.responder.serial_number:040x}",
        "decided_by": done.by,
        "transcript": str(done.transcript),
    }
    if as_json:
        say_json(found)
        return
    say_facts([(name.replace("_", " ").capitalize(), str(value)) for name, value in found.items()])


@propose.command(example="paraph ca propose rotation --as elena")
@click.option("--name", help="Common name of the new issuing CA; default: the present one, counted on.")
@click.option("--key", type=click.Choice(["rsa-4096", "ec-p384"]), help="Default: as in the settings.")
@as_json
@signing_in
@click.pass_obj
def rotation(
    installation: Installation,
    *,
    name: str | None,
    key: Literal["rsa-4096", "ec-p384"] | None,
    as_json: bool,
    admin: Admin,
) -> None:
    """Propose a rotation of the issuing key. When it is approved: paraph ca rotate issuing."""
    settings, authority = installation.settings().ca, Authority(installation)
    number = authority.operator.overview().issuing + 1
    act = RotateIssuingKey(
        generation=number,
        name=name or next_name(settings.issuing_name, number),
        key=key or settings.key,
        days=most_days(settings, Issuer.of(root_of(installation.settings())), SystemClock().now()),
    )
    propose_act(authority, admin, act, as_json=as_json)
