"""`runyard compute attach …`: one command for each kind of machines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from runyard.cli.framework.command import Command
from runyard.cli.framework.confirm import ask_secret, secret_from_stdin
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import FILE, PAIR, SECONDS, named
from runyard.cli.shapes import computes

F = TypeVar("F", bound=Callable[..., Any])
WHICH = named("compute", "-n", "--name", what="name of the compute target")
LIMITS = ("max_running", "max_running_per_person", "max_queued_per_person", "max_seconds")
_COMMON = (
    click.option("--max-running", type=click.IntRange(0), metavar="N", help="Jobs at once; 0: no limit."),
    click.option("--max-running-per-person", type=click.IntRange(0), metavar="N", help="Of one person at once."),
    click.option("--max-queued-per-person", type=click.IntRange(0), metavar="N", help="Waiting ones of one person."),
    click.option("--max-seconds", type=SECONDS, metavar="TIME", help="Longest run, such as 12h; 0: no limit."),
    click.option("--group", "groups", multiple=True, metavar="TEAM", help="Who may submit; several may be given. [default: all]"),
    click.option("--server-url", metavar="URL", help="How its machines reach the server. [default: as everybody does]"),
    click.option("--description", metavar="TEXT", help="What one should know about it."),
    click.option("--tag", "tags", type=PAIR, multiple=True, help="A tag; several may be given."),
)  # fmt: skip
_SSH = (
    click.option("--address", "-a", "addresses", multiple=True, metavar="HOST[:PORT]", help="A machine; several may be given."),
    click.option("--ssh-port", type=click.IntRange(1, 65535), default=22, metavar="N", help="Where none is given. [default: 22]"),
    click.option("--user", "-u", "--username", "username", metavar="NAME", help="Who logs in."),
    click.option("--private-key", "--private-key-file", "private_key", type=FILE, metavar="FILE", help="The private key to log in with; kept encrypted."),
    click.option("--passphrase", "--private-key-passphrase", "passphrase", envvar="RUNYARD_SSH_PASSPHRASE", show_envvar=True, metavar="TEXT", help="Of the private key."),
    click.option("--password-stdin", is_flag=True, help="Read a password from stdin; otherwise it is asked for."),
    click.option("--password", "-p", hidden=True),
    click.option("--host-key", metavar="KEY", help="The machine's public key, as ssh-keyscan prints it. [default: that of the first connection]"),
)  # fmt: skip
_PLACE = (
    click.option("--folder", metavar="DIR", help="Where work lies there. [default: ~/.runyard]"),
    click.option(
        "--python", metavar="PATH", help="The interpreter that the runner starts with. [default: python3]"
    ),
)


def _all(options: tuple[Callable[[Any], Any], ...]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


COMMON, SSH, PLACE = _all(_COMMON), _all(_SSH), _all(_PLACE)


def common_fields(given: dict[str, Any]) -> dict[str, Any]:
    """What every kind has; what is not given is left out."""
    limits = {name: given[name] for name in LIMITS if given[name] is not None}
    found = {
        "limits": limits,
        "groups": list(given["groups"]),
        "server_url": given["server_url"],
        "description": given["description"],
        "tags": dict(given["tags"]),
    }
    return {key: value for key, value in found.items() if value}


def make(
    session: Session,
    name: str,
    kind: str,
    settings: dict[str, Any],
    credentials: dict[str, Any],
    given: dict[str, Any],
    **more: Any,
) -> None:
    """Make it and show it; what was not given is left out. Raises: Failed, when it does not answer; it is kept."""
    common = common_fields(given)
    limits = {**more.pop("limits", {}), **common.pop("limits", {})}
    body = {
        "name": name,
        "kind": kind,
        "settings": {key: value for key, value in settings.items() if value not in (None, "", [], ())},
        "credentials": {key: value for key, value in credentials.items() if value},
        "limits": limits,
        **common,
        **{key: value for key, value in more.items() if value},
    }
    computes.asked(session, session.here.post(computes.PATH, body))


@click.command(
    cls=Command,
    example="""
    runyard compute attach ssh machine --address gpu1.example.org --user ada --private-key ~/.ssh/id_ed25519
    runyard compute attach ssh machines -a gpu1.example.org -a gpu2.example.org:2222 -u ada --password-stdin
    """,
)
@WHICH
@SSH
@PLACE
@click.option(
    "--jobs-per-host", type=click.IntRange(1), metavar="N", help="Jobs at once on each machine. [default: 1]"
)
@COMMON
@click.pass_obj
def ssh(session: Session, /, compute: str, **given: Any) -> None:
    """Attach one or several machines that are reached by SSH."""
    if not given["addresses"] or not given["username"]:
        raise click.UsageError("Missing --address or --user: which machine, and who logs in.")
    settings = {**_hosts(given), **_place(given), "jobs_per_host": given["jobs_per_host"]}
    make(session, compute, "ssh", settings, _ssh_credentials(given), given)


@click.command(
    cls=Command,
    example="""
    runyard compute attach slurm cluster --address login.example.org --user ada --private-key ~/.ssh/id_ed25519
    runyard compute attach slurm here --partition gpu --folder /scratch/runyard
    """,
)
@WHICH
@SSH
@PLACE
@click.option("--partition", metavar="NAME", help="The partition. [default: Slurm's]")
@click.option("--account", metavar="NAME", help="Who pays.")
@click.option("--qos", metavar="NAME", help="Quality of service.")
@click.option(
    "--sbatch", multiple=True, metavar="OPTION", help="A further option of sbatch, --sbatch=--exclusive."
)
@click.option("--module", "modules", multiple=True, metavar="NAME", help="A module that is loaded first.")
@COMMON
@click.pass_obj
def slurm(session: Session, /, compute: str, **given: Any) -> None:
    """Attach a Slurm cluster: by its login node, or the one that the server's machine belongs to."""
    by_ssh = bool(given["addresses"])
    if by_ssh and not given["username"]:
        raise click.UsageError("Missing --user: who logs in at the login node.")
    settings = {
        **(_hosts(given) if by_ssh else {}),
        **_place(given),
        **{key: given[key] for key in ("partition", "account", "qos")},
        "sbatch": list(given["sbatch"]),
        "modules": list(given["modules"]),
    }
    make(session, compute, "slurm", settings, _ssh_credentials(given) if by_ssh else {}, given)


@click.command(cls=Command, example="runyard compute attach ray cluster --address http://127.0.0.1:8265")
@WHICH
@click.option(
    "--address",
    "-a",
    required=True,
    metavar="URL",
    help="Of the cluster's dashboard, which has its Jobs API.",
)
@click.option(
    "--header", "headers", type=PAIR, multiple=True, help="Sent with each request and kept encrypted."
)
@PLACE
@COMMON
@click.pass_obj
def ray(session: Session, /, compute: str, **given: Any) -> None:
    """Attach a Ray cluster."""
    settings = {"address": given["address"], **_place(given)}
    make(session, compute, "ray", settings, {"headers": dict(given["headers"])}, given)


@click.command(cls=Command, example="runyard compute attach local server --jobs-at-once 2")
@WHICH
@PLACE
@click.option("--user", "-u", "username", metavar="NAME", help="Whom jobs run as, where the server is root.")
@click.option(
    "--jobs-at-once", type=click.IntRange(1), metavar="N", help="[default: as many as it has processors]"
)
@COMMON
@click.pass_obj
def local(session: Session, /, compute: str, **given: Any) -> None:
    """Attach the server's own machine, where its administrator allows it."""
    settings = {**_place(given), "user": given["username"], "jobs_at_once": given["jobs_at_once"]}
    make(session, compute, "local", settings, {}, given)


def _hosts(given: dict[str, Any]) -> dict[str, Any]:
    hosts = []
    for address in given["addresses"]:
        name, mark, port = address.rpartition(":")
        own = bool(mark) and port.isdecimal() and ":" not in name
        host: dict[str, Any] = {
            "address": name if own else address,
            "port": int(port) if own else given["ssh_port"],
        }
        hosts.append({**host, **({"host_key": _host_key(given["host_key"])} if given["host_key"] else {})})
    return {"hosts": hosts, "username": given["username"]}


def _host_key(text: str) -> str:
    """Without the name that ssh-keyscan puts before it."""
    words = text.split()
    return (
        " ".join(words[1:]) if len(words) > 2 and not words[0].startswith(("ssh-", "ecdsa-", "sk-")) else text
    )


def _place(given: dict[str, Any]) -> dict[str, Any]:
    return {"folder": given["folder"], "python": given["python"]}


def _ssh_credentials(given: dict[str, Any]) -> dict[str, Any]:
    if given["private_key"] is not None:
        key: Path = given["private_key"]
        return {"private_key": key.read_text(encoding="utf-8"), "private_key_passphrase": given["passphrase"]}
    if given["password"]:
        return {"password": given["password"]}
    if given["password_stdin"]:
        return {"password": secret_from_stdin()}
    return {"password": ask_secret("Password", "Give --private-key or --password-stdin.")}
