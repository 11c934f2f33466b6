"""`azml computetarget`: compute targets as Azure ML's CLI v1 spells them."""

from __future__ import annotations

import copy

import click

from runyard.cli import compute as own
from runyard.cli import compute_attach
from runyard.cli.framework.command import Command, Group
from runyard.cli.framework.session import Session
from runyard.cli.shapes import computes


@click.group(cls=Group)
def computetarget() -> None:
    """Compute targets: named places that run jobs."""


def _as(command: click.Command, name: str, example: str, extra: tuple[click.Parameter, ...] = ()) -> Command:
    """A command of ours under Azure's name, with options that Azure's scripts give and that have no meaning here."""
    made = copy.copy(command)
    assert isinstance(made, Command)
    made.name = name
    made.example = example
    made.params = [*command.params, *extra]
    return made


def _unused(*names: str) -> tuple[click.Parameter, ...]:
    return tuple(click.Option([name], hidden=True, expose_value=False) for name in names)


NO_WAIT = click.Option(["--no-wait"], is_flag=True, hidden=True, expose_value=False)

computetarget.add_command(_as(own.list_computes, "list", "azml computetarget list"))
computetarget.add_command(_as(own.show, "show", "azml computetarget show -n cluster"))
computetarget.add_command(_as(own.delete, "delete", "azml computetarget delete -n cluster"))
computetarget.add_command(_as(own.delete, "detach", "azml computetarget detach -n cluster"))


@computetarget.command("get-credentials", example="azml computetarget get-credentials -n cluster")
@own.WHICH
@click.pass_obj
def get_credentials(session: Session, compute: str) -> None:
    """Show which credentials are kept; what they are never leaves the server."""
    found = computes.get(session, compute)
    session.record({"name": found["name"], **found["has_credentials"]}, [])


@click.group(cls=Group)
def create() -> None:
    """Create a compute target."""


@click.group(cls=Group)
def update() -> None:
    """Change a compute target."""


@click.group(cls=Group)
def attach() -> None:
    """Attach a machine that is there."""


create.add_command(
    _as(
        own.create,
        "amlcompute",
        "azml computetarget create amlcompute -n cpu-cluster --vm-size STANDARD_D2_V2 --max-nodes 4",
        (
            NO_WAIT,
            *_unused(
                *("--vm-priority", "--admin-username", "--admin-user-password", "--admin-user-ssh-key"),
                *("--vnet-name", "--subnet-name", "--vnet-resourcegroup-name"),
                "--remote-login-port-public-access",
            ),
        ),
    )
)
update.add_command(
    _as(own.update, "amlcompute", "azml computetarget update amlcompute -n cpu-cluster --max-nodes 2")
)
attach.add_command(
    _as(
        compute_attach.ssh,
        "remote",
        "azml computetarget attach remote -n machine -a gpu1.example.org -u ada --private-key-file ~/.ssh/id_ed25519",
        (NO_WAIT,),
    )
)
for group in (create, update, attach):
    computetarget.add_command(group)
