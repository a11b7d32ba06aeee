"""`paraph ca backup` and `paraph ca restore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from apps.commands.authority import Admin, sign_in_of
from apps.commands.frame import Command, as_json
from apps.commands.output import instant, say_facts, say_json, say_step, with_progress
from apps.custody.backup import Shown, back_up
from apps.custody.restore import Done, Ready, Restoration
from apps.files import too_open
from ca.admin_protocol import Approve, Propose
from core.errors import DomainError
from core.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.custody.layout import Part
    from apps.custody.proof import Proof
    from apps.installation import Installation
    from ca.acts import Restore
    from ca.server import OpenAuthority

R = TypeVar("R")


class PassphraseFileUnusable(DomainError):
    """A file with a passphrase that is missing, empty, or readable by others."""


def passphrases(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command the options that name files with the two passphrases, in place of prompts."""
    for part, keeper in (("keys", "the second keeper"), ("records", "the first keeper")):
        command = click.option(
            f"--{part}-passphrase-file",
            type=click.Path(dir_okay=False, path_type=Path),
            help=f"File (mode 0600) with the passphrase of {keeper}, for the part `{part}`; default: typed.",
        )(command)
    return command


@click.command(cls=Command, example="paraph ca backup /mnt/safe/2026-11-25")
@click.argument("folder", type=click.Path(path_type=Path))
@passphrases
@as_json
@click.pass_obj
def backup(
    installation: Installation,
    *,
    folder: Path,
    records_passphrase_file: Path | None,
    keys_passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Make a backup of the whole installation in a new FOLDER; the zones may run meanwhile.

    It has two parts under two passphrases, for two people to keep: `records` and `keys`. Neither gives a key without
    the other. It is called a backup only after it was opened again and what came out of it proved to be whole.
    """
    files: dict[Part, Path | None] = {"records": records_passphrase_file, "keys": keys_passphrase_file}
    asked = _passphrases(files, twice=True)
    made = back_up(installation, folder, asked, Shown(say_step, lambda paths: with_progress(paths, "Copying")))
    if as_json:
        say_json(
            {"folder": str(folder), "backup": made.manifest.backup, "sha256": made.digest}
            | {"made_at": made.manifest.made_at, "installation": made.manifest.installation}
            | {"proof": msgspec.to_builtins(made.proof)}
        )
        return
    say_facts(
        [
            ("Backup", f"{folder} ({made.manifest.backup})"),
            ("SHA-256 of its manifest", made.digest),
            ("Installation", made.manifest.installation),
            ("Made at", instant(made.manifest.made_at)),
            ("Restored for proof", _proof(made.proof)),
        ]
    )


@click.command(cls=Command, example="paraph ca restore /mnt/safe/2026-11-25 --as elena --and-as mihai")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--as", "first", metavar="NAME", help="The administrator who proposes it.")
@click.option("--and-as", "second", metavar="NAME", help="The administrator who approves it.")
@click.option("--credentials", "first_file", type=click.Path(dir_okay=False, path_type=Path), help="Of the first.")
@click.option(
    "--and-credentials", "second_file", type=click.Path(dir_okay=False, path_type=Path), help="Of the second."
)
@click.option(
    "--published",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with published lists that were fetched from elsewhere, where they are newer.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@passphrases
@as_json
@click.pass_obj
def restore(
    installation: Installation,
    *,
    folder: Path,
    first: str | None,
    second: str | None,
    first_file: Path | None,
    second_file: Path | None,
    published: Path | None,
    yes: bool,
    records_passphrase_file: Path | None,
    keys_passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Put the backup in FOLDER in the place of the installation. The zones must be stopped.

    Two administrators of the backed-up installation sign in, one proposes and the other approves. What is here now is
    set aside, not deleted. Revocations that were published after the backup are kept; whatever was being signed when
    the backup was made is over.
    """
    files: dict[Part, Path | None] = {"records": records_passphrase_file, "keys": keys_passphrase_file}
    restoration = Restoration(installation.settings(), say_step)
    people = Admin(first, first_file), Admin(second, second_file)
    try:
        ready = restoration.open(folder, lambda: _passphrases(files, twice=False), published)

        def decide(authority: OpenAuthority, act: Restore) -> str:
            return _decided(ready, people, authority, act, ask=not yes)

        done = restoration.put_in_place(ready, decide)
    finally:
        restoration.give_up()
    _say(done, as_json=as_json)


def _decided(ready: Ready, people: tuple[Admin, Admin], authority: OpenAuthority, act: Restore, *, ask: bool) -> str:
    """Have one administrator propose and another approve; return the proposal."""
    say_step(f"Backup {ready.manifest.backup}, made at {instant(act.made_at)}, SHA-256 {act.backup}")
    say_step(f"It proved to be whole: {_proof(ready.proof)}")
    control, settings = authority.control, ready.settings
    proposed = control.propose(Propose(control.sign_in(sign_in_of(settings, people[0])).session, act)).proposal
    if ask:
        click.confirm("Second administrator: restore this?", abort=True, err=True)
    session = control.sign_in(sign_in_of(settings, people[1])).session
    control.approve(Approve(session, proposed.proposal, proposed.digest))
    return proposed.proposal


def _passphrases(files: dict[Part, Path | None], *, twice: bool) -> dict[Part, Secret]:
    return {part: _from_file(path) if path else _typed(part, twice=twice) for part, path in files.items()}


def _from_file(path: Path) -> Secret:
    try:
        if problem := too_open(path):
            raise PassphraseFileUnusable(problem)
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PassphraseFileUnusable(f"{path}: {error}") from error
    if not text:
        raise PassphraseFileUnusable(f"{path} is empty")
    return Secret(text.encode())


def _typed(part: Part, *, twice: bool) -> Secret:
    again: Any = "The same again" if twice else False
    text: str = click.prompt(f"Passphrase for the {part}", hide_input=True, confirmation_prompt=again, err=True)
    return Secret(text.encode())


def _proof(proof: Proof) -> str:
    return ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in msgspec.to_builtins(proof).items())


def _say(done: Done, *, as_json: bool) -> None:
    found: dict[str, Any] = {
        "backup": done.manifest.backup,
        "made_at": done.manifest.made_at,
        "set_aside": str(done.set_aside) if done.set_aside else None,
        "decided_by": done.by,
        "lists_adopted": {str(number): crl for number, crl in done.record.lists.items()},
        "trusted_list_adopted": done.record.trusted_list,
        "statuses_learnt": done.record.certificates,
        "transactions_ended": done.sam.ended,
        "approvals_withdrawn": done.sam.withdrawn,
        "credentials_revoked": done.sam.revoked,
        "credentials_suspended": done.sam.suspended,
        "portals_to_register_again": done.sam.portals,
        "evidence_rows_lost": done.sam.rows_lost,
    }
    if as_json:
        say_json(found)
        return
    say_facts([(name.replace("_", " ").capitalize(), _words(value)) for name, value in found.items() if value])
    click.echo("Start the zones: paraph run")


def _words(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)}: {', '.join(value)}" if value else "none"
    if isinstance(value, dict):
        return ", ".join(f"generation {number}: {crl}" for number, crl in value.items())
    return instant(value) if hasattr(value, "isoformat") else str(value)
