"""`runyard compute`: named places that run jobs."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from runyard.cli import compute_attach
from runyard.cli.framework.command import Group
from runyard.cli.framework.confirm import secret_from_stdin
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import FILE, PAIR, listed, named
from runyard.cli.shapes import computes

WHICH = named("compute", "-n", "--name", what="name of the compute target")


@click.group(cls=Group)
def compute() -> None:
    """Compute targets: named places that run jobs."""


@compute.command("list", example="runyard compute list")
@click.pass_obj
def list_computes(session: Session) -> None:
    """List the compute targets of the workspace."""
    session.rows(
        session.pages(computes.PATH),
        computes.LIST,
        none="There are no compute targets here; `runyard compute attach` adds machines.",
    )


@compute.command(example="runyard compute show cluster")
@WHICH
@click.pass_obj
def show(session: Session, compute: str) -> None:
    """Show a compute target; its credentials are never shown."""
    session.record(computes.get(session, compute), computes.CARD)


@compute.command(example="runyard compute check cluster")
@WHICH
@click.pass_obj
def check(session: Session, compute: str) -> None:
    """Ask a compute target now whether it answers, and what it has; the exit code is 1 where it does not."""
    computes.asked(session, session.here.post(f"{computes.one(compute)}/check", {}, retry=True))


@compute.command(example="runyard compute nodes cluster")
@WHICH
@click.pass_obj
def nodes(session: Session, compute: str) -> None:
    """List the machines of a compute target, as they are now."""
    found = session.here.post(f"{computes.one(compute)}/check", {}, retry=True)
    if found["error"]:
        note(f"{compute} does not answer: {found['error']}")
    session.rows(found["nodes"], computes.NODES, none="There are no machines.")


@compute.command(example="runyard compute create cpu-cluster --size small --max-nodes 4")
@WHICH
@click.option(
    "--size", "--vm-size", "-s", "size", metavar="NAME", help="A declared size; see `compute size list`."
)
@click.option(
    "--base", metavar="NAME", help="The compute target whose machines are meant, where no size is declared."
)
@click.option(
    "--min-nodes", type=click.IntRange(0), metavar="N", help="Nodes that are always there. [default: 0]"
)
@click.option("--max-nodes", type=click.IntRange(1), metavar="N", help="Nodes at most. [default: 4]")
@click.option(
    "--idle-seconds", "--idle-seconds-before-scaledown", "idle_seconds", type=click.IntRange(0), metavar="N",
    help="How long a node without work stays. [default: 120]",
)  # fmt: skip
@compute_attach.COMMON
@click.pass_obj
def create(session: Session, /, compute: str, **given: Any) -> None:
    """Create a pool: so many nodes of a size, on machines that are attached."""
    limits = {"min_nodes": given["min_nodes"] or 0, "max_nodes": given["max_nodes"] or 4}
    limits["idle_seconds"] = 120 if given["idle_seconds"] is None else given["idle_seconds"]
    fields = {"size": given["size"], "base": given["base"]}
    compute_attach.make(session, compute, "pool", {}, {}, given, limits=limits, **fields)


@click.group(cls=Group)
def attach() -> None:
    """Attach machines that are there: by SSH, a Slurm or Ray cluster, or the server's own."""


for command in (compute_attach.ssh, compute_attach.slurm, compute_attach.ray, compute_attach.local):
    attach.add_command(command)
compute.add_command(attach)


@compute.command(
    example="""
    runyard compute update cluster --max-running 8 --group vision
    runyard compute update cpu-cluster --max-nodes 2
    runyard compute update machines --setting folder=/scratch/runyard --password-stdin
    """
)
@WHICH
@click.option(
    "--setting",
    "settings",
    type=PAIR,
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of its kind; empty takes it away.",
)
@click.option(
    "--forget-host-keys", is_flag=True, help="Learn the keys of its machines anew at the next connection."
)
@click.option("--password-stdin", is_flag=True, help="Read a new password from stdin.")
@click.option("--private-key", type=FILE, metavar="FILE", help="A new private key.")
@click.option(
    "--min-nodes", type=click.IntRange(0), metavar="N", help="Nodes of a pool that are always there."
)
@click.option("--max-nodes", type=click.IntRange(0), metavar="N", help="Nodes of a pool at most.")
@click.option(
    "--idle-seconds", "--idle-seconds-before-scaledown", "idle_seconds", type=click.IntRange(0), metavar="N",
    help="How long a node of a pool without work stays.",
)  # fmt: skip
@click.option("--no-groups", is_flag=True, help="Everybody who may submit here may use it.")
@compute_attach.COMMON
@click.pass_obj
def update(session: Session, /, compute: str, **given: Any) -> None:
    """Change settings, credentials, limits or who may use a compute target; what is not given stays."""
    body = compute_attach.common_fields(given)
    limits = {key: given[key] for key in ("min_nodes", "max_nodes", "idle_seconds") if given[key] is not None}
    if limits or body.get("limits"):
        body["limits"] = {**body.get("limits", {}), **limits}
    if given["no_groups"]:
        body["groups"] = []
    if given["settings"] or given["forget_host_keys"]:
        body["settings"] = _settings(session, compute, given["settings"], given["forget_host_keys"])
    credentials = _credentials(given)
    if credentials:
        body["credentials"] = credentials
    if not body:
        raise click.UsageError("Nothing to change: give an option.")
    session.record(session.here.patch(computes.one(compute), body), computes.CARD)


def _settings(
    session: Session, name: str, changes: tuple[tuple[str, str], ...], forget_keys: bool
) -> dict[str, Any]:
    """All settings, with the changes in them."""
    settings: dict[str, Any] = dict(computes.get(session, name)["settings"])
    for key, text in changes:
        if text == "":
            settings.pop(key, None)
        else:
            settings[key] = _value(settings.get(key), key, text)
    if forget_keys:
        settings["hosts"] = [{**host, "host_key": ""} for host in settings.get("hosts", ())]
    return settings


def _value(now: Any, key: str, text: str) -> Any:
    if isinstance(now, list) or key in ("modules", "sbatch"):
        return listed([text])
    if isinstance(now, int) or key in ("jobs_per_host", "jobs_at_once"):
        if not text.isdecimal():
            raise click.UsageError(f"--setting {key} needs a number, not {text!r}.")
        return int(text)
    return text


def _credentials(given: dict[str, Any]) -> dict[str, Any]:
    if given["password_stdin"]:
        return {"password": secret_from_stdin(), "private_key": None, "private_key_passphrase": None}
    if given["private_key"]:
        return {"private_key": given["private_key"].read_text(encoding="utf-8"), "password": None}
    return {}


@compute.command(example="runyard compute start cluster")
@WHICH
@click.pass_obj
def start(session: Session, compute: str) -> None:
    """Let a compute target take jobs again."""
    session.record(session.here.post(f"{computes.one(compute)}/start", {}, retry=True), computes.CARD)


@compute.command(example="runyard compute stop cluster")
@WHICH
@click.pass_obj
def stop(session: Session, compute: str) -> None:
    """Let a compute target take no jobs; those that run go on, others wait."""
    session.record(session.here.post(f"{computes.one(compute)}/stop", {}, retry=True), computes.CARD)


@compute.command(example="runyard compute delete cluster --force")
@WHICH
@click.option("--force", is_flag=True, help="Also while its jobs have not ended; they are canceled.")
@click.pass_obj
def delete(session: Session, compute: str, force: bool) -> None:
    """Remove a compute target; its machines stay as they are."""
    session.here.delete(computes.one(compute), force=force or None)
    note(f"Deleted compute target {compute!r}.")


@click.group(cls=Group)
def size() -> None:
    """Sizes: named requests for resources that pools are made of, as Azure ML's vm_size."""


@size.command("list", example="runyard compute size list")
@click.pass_obj
def list_sizes(session: Session) -> None:
    """List the sizes that are declared."""
    session.rows(session.pages(computes.SIZES), computes.SIZE_LIST, none="No sizes are declared here.")


@size.command("set", example="runyard compute size set small --compute cluster --cpus 2 --memory-mb 4096")
@click.argument("name")
@click.option("--compute", required=True, metavar="NAME", help="The compute target whose machines have it.")
@click.option("--cpus", type=click.IntRange(0), default=0, metavar="N", help="Processors of each node.")
@click.option("--memory-mb", type=click.IntRange(0), default=0, metavar="N", help="Memory of each node.")
@click.option("--gpus", type=click.IntRange(0), default=0, metavar="N", help="GPUs of each node.")
@click.option(
    "--max-nodes", type=click.IntRange(0), default=0, metavar="N", help="Nodes at most; 0: no limit."
)
@click.option("--option", "options", type=PAIR, multiple=True, help="For the engine, such as partition=gpu.")
@click.pass_obj
def set_size(
    session: Session, /, name: str, compute: str, cpus: int, memory_mb: int, gpus: int, max_nodes: int,
    options: tuple[tuple[str, str], ...],
) -> None:  # fmt: skip
    """Declare a size, or replace one."""
    body = {
        "compute": compute,
        "resources": {"cpus": cpus, "memory_mb": memory_mb, "gpus": gpus},
        "max_nodes": max_nodes,
        "options": dict(options),
    }
    made = session.here.put(f"{computes.SIZES}/{quote(name, safe='')}", body)
    session.record(made, computes.SIZE_LIST)


@size.command("delete", example="runyard compute size delete small")
@click.argument("name")
@click.pass_obj
def delete_size(session: Session, name: str) -> None:
    """Remove a size; pools of it take no jobs any more."""
    session.here.delete(f"{computes.SIZES}/{quote(name, safe='')}")
    note(f"Deleted size {name!r}.")


compute.add_command(size)
