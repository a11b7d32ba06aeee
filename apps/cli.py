"""The `paraph` command.

Exit codes: 0 done; 1 refused, nothing was done; 2 the command line is wrong; 3 the installation or a zone does not work;
4 an administrator must sign in.
A refusal is one line in plain words on standard error; what the log needs beyond that is in `logs/`.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apps import words
from apps.ceremony.plan import plan_for
from apps.ceremony.plan import words as words_of
from apps.commands.audit import audit
from apps.commands.ca import ca
from apps.commands.client import client
from apps.commands.completion import completion
from apps.commands.document import document
from apps.commands.frame import Group
from apps.commands.new_admin import AtTerminal
from apps.commands.ra import ra
from apps.doctor import examine
from apps.health import check_all
from apps.init import initialise, is_initialised
from apps.installation import CARETAKER, DEVELOPMENT, OPTIONAL, ZONES, Installation, from_environment
from apps.run import Stopped, run_until_stopped, zones_of
from apps.supervisor import zone_command

if TYPE_CHECKING:
    from types import FrameType


class _PlainErrors(Group):
    """Turns every expected failure into one line and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except words.EXPECTED as error:
            click.echo(f"paraph: {words.plain(error)}", err=True)
            ctx.exit(words.exit_code(error))


@click.group(cls=_PlainErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config", type=click.Path(path_type=Path), help="Settings file; default: $PARAPH_CONFIG or config/paraph.toml."
)
@click.option("--state-dir", type=click.Path(path_type=Path), help="Folder of databases, tokens and secrets.")
@click.option(
    "--set", "laid_over", multiple=True, metavar="SECTION.KEY=VALUE", help="One setting, over the file; repeatable."
)
@click.pass_context
def main(ctx: click.Context, config: Path | None, state_dir: Path | None, laid_over: tuple[str, ...]) -> None:
    """Paraph: a remote signature service."""
    ctx.obj = Installation(config or from_environment(), state_dir, laid_over)


@main.command(example="paraph init --if-missing")
@click.option("--if-missing", is_flag=True, help="Do nothing when the installation is there already.")
@click.option(
    "--ceremony",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The reviewed file that says everything the ceremony will do: see config/ceremony.toml.",
)
@click.option("--yes", is_flag=True, help="Do not ask whether the ceremony is to be held as the file says.")
@click.pass_obj
def init(installation: Installation, *, if_missing: bool, file: Path | None, yes: bool) -> None:
    """Make a new installation: folders, every secret, tokens, keys, root and issuing CA.

    An installation that others can reach is founded from a reviewed file; one of its own machine needs none. The
    transcript is kept in the state folder; paraph ca ceremony transcript prints it.
    """
    settings = installation.settings()
    if if_missing and is_initialised(settings):
        return
    plan = plan_for(settings, file)
    if file is not None:
        click.echo("\n".join(words_of(plan)), err=True)
        if not yes:
            click.confirm("Hold the ceremony as this says?", abort=True, err=True)
    path = initialise(settings, click.echo, AtTerminal() if sys.stdin.isatty() else None, plan)
    click.echo(f"The transcript is {path}" if file is None else path.read_text(encoding="utf-8"))


@main.command(example="paraph run")
@click.pass_obj
def run(installation: Installation) -> None:
    """Start all zones and serve until Ctrl-C."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _stop)
    run_until_stopped(installation, click.echo)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


@main.command(example="paraph zone ca")
@click.argument("name", type=click.Choice((*ZONES, *OPTIONAL, *DEVELOPMENT, CARETAKER)))
@click.pass_obj
def zone(installation: Installation, name: str) -> None:
    """Run one zone, or the caretaker, in the foreground: what `paraph run` has the supervisor do."""
    command = zone_command(installation, name)
    os.execv(command[0], command)  # noqa: S606  # becomes the zone's process, with nothing of this command in it


@main.command(example="paraph doctor")
@click.pass_obj
def doctor(installation: Installation) -> None:
    """Say in plain words what is wrong with the installation."""
    findings = examine(installation)
    for finding in findings:
        click.echo(f"{finding.mark} {finding.text}")
    wrong = sum(finding.wrong for finding in findings)
    click.echo("Nothing is wrong." if not wrong else f"{wrong} thing{'s'[: wrong != 1]} to put right.")
    sys.exit(words.UNHEALTHY if wrong else 0)


@main.command(example="paraph health")
@click.pass_obj
def health(installation: Installation) -> None:
    """Ask every zone to prove that it can do its work, and whether everything else was done in time."""
    settings = installation.settings()
    found = check_all(settings, (*zones_of(settings), CARETAKER))
    for name, problem in found.items():
        click.echo(f"{name:<10} {problem or 'works'}")
    sys.exit(words.UNHEALTHY if any(found.values()) else 0)


for group in (client, ra, ca, audit, document, completion):
    main.add_command(group)


if __name__ == "__main__":
    main()
