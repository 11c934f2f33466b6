"""`runyard datastore`: named storage locations with their credentials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runyard.cli import datastore_attach
from runyard.cli.framework.columns import Column, size
from runyard.cli.framework.command import Command, Group
from runyard.cli.framework.exits import MISSING, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import FILE_OR_FOLDER, TARGET, named
from runyard.cli.shapes import datastores

WHICH = named("datastore", "-n", "--name", what="name of the datastore")
OF = click.option(
    "-n", "--name", "datastore", metavar="NAME", help="The datastore. [default: the workspace's default]"
)
DONE = [
    *datastores.FILES[:1],
    Column("FILE", "file", least=12),
    Column("SIZE", "size_bytes", size, rank=2, least=6, right=True),
]


@click.group(cls=Group)
def datastore() -> None:
    """Datastores: named storage locations with their credentials."""


@datastore.command("list", example="runyard datastore list")
@click.option("--include-secret", is_flag=True, hidden=True)
@click.pass_obj
def list_datastores(session: Session, include_secret: bool) -> None:
    """List the datastores of the workspace."""
    session.rows(session.pages(datastores.PATH), datastores.LIST, none="There are no datastores here.")


@datastore.command(example="runyard datastore show leaves")
@WHICH
@click.option("--include-secret", is_flag=True, hidden=True)
@click.pass_obj
def show(session: Session, datastore: str, include_secret: bool) -> None:
    """Show a datastore; its credentials are never shown."""
    session.record(datastores.get(session, datastore), datastores.CARD)


@datastore.command("show-default", example="runyard datastore show-default")
@click.pass_obj
def show_default(session: Session) -> None:
    """Show the datastore that is used unless another is named."""
    session.record(datastores.get(session, datastores.default(session)), datastores.CARD)


@datastore.command("set-default", example="runyard datastore set-default leaves")
@WHICH
@click.pass_obj
def set_default(session: Session, datastore: str) -> None:
    """Use this datastore unless another is named."""
    session.here.post(f"{datastores.one(datastore)}/default", {})
    note(f"{datastore} is the default datastore now.")


for attach in (
    datastore_attach.attach_s3,
    datastore_attach.attach_blob,
    datastore_attach.attach_gcs,
    datastore_attach.attach_local,
    datastore_attach.attach_sftp,
):
    datastore.add_command(attach)


@datastore.command(example="runyard datastore detach leaves")
@WHICH
@click.pass_obj
def detach(session: Session, datastore: str) -> None:
    """Forget a datastore and its credentials; its files stay where they are."""
    session.here.delete(datastores.one(datastore))
    note(f"Detached datastore {datastore!r}.")


@click.command(
    "ls",
    cls=Command,
    example="runyard datastore ls\nrunyard datastore ls raw/2026 -n leaves --flat",
)
@click.argument("path", required=False, default="")
@OF
@click.option("--flat", is_flag=True, help="Only the directory itself, not what lies below.")
@click.pass_obj
def list_files(session: Session, path: str, datastore: str | None, flat: bool) -> None:
    """List the files of a datastore."""
    store = datastore or datastores.default(session)
    found = datastores.files(session, store, path.strip("/"), recursive=not flat)
    if path.strip("/") and not found:
        raise Failed(f"Datastore {store!r} has nothing at {path!r}.", MISSING)
    session.rows(found, datastores.FILES, none=f"Datastore {store!r} is empty.")


datastore.add_command(list_files)


@datastore.command(
    example="runyard datastore upload images --to raw/2026\nrunyard datastore upload labels.csv -n leaves --overwrite"
)
@named("source", "-p", "--src-path", what="the file or folder to upload")
@OF
@click.option(
    "--to",
    "-u",
    "--target-path",
    "path",
    default="",
    metavar="PATH",
    help="Directory of the datastore. [default: its top]",
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
@click.option("--hide-progress", is_flag=True, hidden=True)
@click.pass_obj
def upload(
    session: Session, source: str, datastore: str | None, path: str, overwrite: bool, hide_progress: bool
) -> None:
    """Upload a file, or what is in a folder."""
    place = FILE_OR_FOLDER.convert(source, None, click.get_current_context())
    store = datastore or datastores.default(session)
    done = datastores.upload(session, store, place, path.strip("/"), overwrite=overwrite)
    session.rows(done, DONE, none="There is nothing to upload.")


@datastore.command(
    example="runyard datastore download raw/2026 --to images\nrunyard datastore download -n leaves --to ."
)
@click.argument("path", required=False)
@click.option("-p", "--prefix", metavar="PATH", hidden=True)
@OF
@click.option(
    "--to",
    "-d",
    "--target-path",
    "target",
    type=TARGET,
    default=".",
    metavar="DIR",
    help="Where to. [default: this folder]",
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
@click.option("--hide-progress", is_flag=True, hidden=True)
@click.pass_obj
def download(
    session: Session,
    /,
    path: str | None,
    prefix: str | None,
    datastore: str | None,
    target: Path,
    **more: Any,
) -> None:
    """Download a file or directory of a datastore, or all of it."""
    store = datastore or datastores.default(session)
    wanted = (path or prefix or "").strip("/")
    session.rows(datastores.download(session, store, wanted, target, overwrite=more["overwrite"]), DONE)
