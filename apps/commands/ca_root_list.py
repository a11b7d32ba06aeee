"""`paraph ca root-list`: the root's own revocation list, and the revocation of an issuing CA in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from cryptography.x509 import load_pem_x509_certificate

from apps.commands.authority import Admin, Authority, signing_in
from apps.commands.ca_proposals import propose, propose_act
from apps.commands.frame import Command, as_json
from apps.commands.output import instant, say_json
from apps.rotation import issue_root_list
from ca.acts import UseRoot
from ca.generations import pinned
from ca.protocol import GenerationUnknown
from ca.publication import issuing_certificate_pem
from ca.root_list import REASONS

if TYPE_CHECKING:
    from apps.installation import Installation


@click.command("root-list", cls=Command, example="paraph ca root-list p-1")
@click.argument("proposal")
@as_json
@click.pass_obj
def root_list(installation: Installation, *, proposal: str, as_json: bool) -> None:
    """Issue the root's list that two administrators decided (paraph ca propose root-list), and publish it.

    It is due once a year, and whenever an issuing CA is revoked. Interrupted, it is finished by the same command.
    """
    done = issue_root_list(installation.settings(), proposal)
    new = done.published
    if as_json:
        said = {"number": new.number, "next_update": new.next_update, "entries": new.entries}
        say_json(said | {"decided_by": done.by, "transcript": str(done.transcript)})
        return
    click.echo(f"Root's list {new.number}: {new.entries} entries, valid until {instant(new.next_update)}")


@propose.command("root-list", example="paraph ca propose root-list --as elena")
@click.option("--revoke", "generation", type=click.IntRange(1), help="Revoke this generation of the issuing CA in it.")
@click.option("--reason", type=click.Choice(REASONS), help="Of that revocation, as RFC 5280 §5.3.1 names it.")
@as_json
@signing_in
@click.pass_obj
def propose_root_list(
    installation: Installation, *, generation: int | None, reason: str | None, as_json: bool, admin: Admin
) -> None:
    """Propose a new list of the root, with --revoke one that has an issuing CA on it. It is final.

    When it is approved: paraph ca root-list.
    """
    if (generation is None) != (reason is None):
        raise click.UsageError("--revoke and --reason go together")
    act = UseRoot("issue-root-list")
    if generation is not None and reason is not None:
        act = UseRoot("revoke-authority", _serial(installation, generation), reason)
    propose_act(Authority(installation), admin, act, as_json=as_json)


def _serial(installation: Installation, generation: int) -> str:
    published = installation.settings().published()
    if generation not in pinned(published):
        raise GenerationUnknown(str(generation))
    certificate = load_pem_x509_certificate((published / issuing_certificate_pem(generation)).read_bytes())
    return f"{certificate.serial_number:040x}"
