"""`runyard completion`: completion of commands and options in the shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from runyard.cli.framework.command import Command, Reach
from runyard.cli.framework.exits import USAGE, Failed


@click.command(
    cls=Command,
    reach=Reach.NOTHING,
    example="""
    eval "$(runyard completion bash)"     # in ~/.bashrc
    eval "$(runyard completion zsh)"      # in ~/.zshrc
    runyard completion fish > ~/.config/fish/completions/runyard.fish
    """,
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell."""
    program = ctx.find_root().info_name or "runyard"
    kind = get_completion_class(shell)
    if kind is None:
        raise Failed(f"There is no completion for {shell!r}.", USAGE)
    made = kind(ctx.find_root().command, {}, program, f"_{program.upper().replace('-', '_')}_COMPLETE")
    click.echo(made.source())
