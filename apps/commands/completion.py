"""`paraph completion`: the words of `paraph` completed by the shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from apps.commands.frame import Command

_VARIABLE = "_PARAPH_COMPLETE"  # by which the shell asks click for the words


@click.command(cls=Command, example="paraph completion bash")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what a shell must read to complete commands, options and their values.

    For this session: source <(paraph completion bash). For every session, put that line into ~/.bashrc or ~/.zshrc; for
    fish, write the output to ~/.config/fish/completions/paraph.fish.
    """
    kind = get_completion_class(shell)
    assert kind is not None  # click knows the three
    click.echo(kind(context.find_root().command, {}, "paraph", _VARIABLE).source())
