"""What every command of `paraph` has: an example in its help, and options that come again and again."""

from __future__ import annotations

from typing import Any, Final

import click

EXIT_CODES: Final = (
    "Exit codes: 0 done; 1 refused, nothing was done; 2 wrong command line; 3 the installation or a zone does not work; "
    "4 not signed in."
)

as_json: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
to_file: Final = click.option(
    "--out", "to", type=click.Path(dir_okay=False), default="-", help="File to write; default: standard output."
)


class Command(click.Command):
    """A command whose help ends with an example that works as it stands; a test types each."""

    def __init__(self, *arguments: Any, example: str = "", **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.example = example

    def format_epilog(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example in one line, for copying."""
        if self.example:
            formatter.write(f"\nExample: {self.example}\n")


class Group(click.Group):
    """A group of such commands, whose help ends with the exit codes."""

    command_class = Command

    def format_epilog(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the exit codes."""
        formatter.write_paragraph()
        formatter.write_text(EXIT_CODES)


Group.group_class = Group
