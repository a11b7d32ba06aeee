"""`paraph ca admin`: the administrators of the authority."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apps.commands.authority import Admin, Authority, signing_in
from apps.commands.ca_proposals import propose_act
from apps.commands.frame import Group, as_json
from apps.commands.new_admin import Invitation, ask_password, read_invitation, show_secret
from apps.commands.output import instant, say_json, say_table
from ca import acts

if TYPE_CHECKING:
    from apps.installation import Installation


@click.group(cls=Group)
def admin() -> None:
    """The administrators: who they are, and how one becomes one.

    A new one is proposed by one administrator and approved by another. Each is then shown half of a code, and gives it to
    the new person, who enrols with both.
    """


@admin.command("list", example="paraph ca admin list")
@as_json
@click.pass_obj
def list_admins(installation: Installation, *, as_json: bool) -> None:
    """List the administrators."""
    found = Authority(installation).control.admins()
    if as_json:
        say_json(found)
        return
    say_table(
        ("Name", "State", "Locked until"), [(each.name, each.state, instant(each.locked_until)) for each in found]
    )


@admin.command(example="paraph ca admin add carmen --as elena")
@click.argument("name")
@as_json
@signing_in
@click.pass_obj
def add(installation: Installation, *, name: str, as_json: bool, admin: Admin) -> None:
    """Propose a new administrator."""
    propose_act(Authority(installation), admin, acts.AddAdmin(name=name), as_json=as_json)


@admin.command(example="paraph ca admin reset carmen --as elena")
@click.argument("name")
@as_json
@signing_in
@click.pass_obj
def reset(installation: Installation, *, name: str, as_json: bool, admin: Admin) -> None:
    """Propose that an administrator enrols anew, with another password and TOTP secret; one who was disabled too."""
    propose_act(Authority(installation), admin, acts.ResetAdmin(name=name), as_json=as_json)


@admin.command(example="paraph ca admin disable carmen --as elena")
@click.argument("name")
@as_json
@signing_in
@click.pass_obj
def disable(installation: Installation, *, name: str, as_json: bool, admin: Admin) -> None:
    """Propose that an administrator may do nothing any more."""
    propose_act(Authority(installation), admin, acts.DisableAdmin(name=name), as_json=as_json)


@admin.command(example="paraph ca admin enrol carmen --invitation carmen.json --json")
@click.argument("name")
@click.option(
    "--invitation",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File (JSON, mode 0600) with first_half, second_half and password, in place of prompts.",
)
@as_json
@click.pass_obj
def enrol(installation: Installation, *, name: str, file: Path | None, as_json: bool) -> None:
    """Become an administrator, by an invitation: with both halves of its code and a password of your own."""
    invitation = read_invitation(file) if file else _asked()
    control = Authority(installation).control
    enrolled = control.enrol(name, invitation.first_half, invitation.second_half, invitation.password)
    if as_json:
        say_json(enrolled)
        return
    show_secret(enrolled, check=sys.stdin.isatty())
    click.echo(f"{name} is an administrator.")


def _asked() -> Invitation:
    first = click.prompt("First half of the code, from who proposed you", err=True)
    second = click.prompt("Second half, from who approved it", err=True)
    return Invitation(first, second, ask_password())
