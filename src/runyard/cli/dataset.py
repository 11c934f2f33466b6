"""`runyard dataset`: registered data and their versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from runyard.cli.framework.columns import KEEP, Column, Record, first_line, when
from runyard.cli.framework.command import Group
from runyard.cli.framework.confirm import confirm_by_name
from runyard.cli.framework.exits import USAGE, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import FILE, PAIR, named
from runyard.cli.shapes import datastores

PATH = "/api/v1/datasets"
WHICH = named("dataset", "-n", "--name", what="name of the dataset")
FORMATS = {
    ".csv": ("delimited", ","),
    ".tsv": ("delimited", "\t"),
    ".parquet": ("parquet", ""),
    ".jsonl": ("json_lines", ""),
    ".ndjson": ("json_lines", ""),
}


def _where(dataset: Record) -> str:
    paths = dataset["definition"].get("paths", ())
    shown = [f"{one['datastore']}:{one['path']}" if one.get("datastore") else one["path"] for one in paths]
    return ", ".join(shown)


LIST = [
    Column("DATASET", "name", rank=KEEP),
    Column("VERSION", "version", rank=1, least=7, right=True),
    Column("KIND", "kind", rank=2, least=4),
    Column("WHERE", _where, rank=3, least=16),
    Column("CREATED", "created_ms", when, rank=4, least=19),
    Column("DESCRIPTION", "description", first_line, rank=5, least=12),
    Column("TAGS", "tags", rank=6, least=10),
]
CARD = [
    Column("Dataset", "name"),
    Column("Version", lambda one: f"{one['version']} of {one['latest_version']}"),
    Column("Id", "id"),
    Column("Kind", "kind"),
    Column("Format", "definition.format"),
    Column("Where", _where),
    Column("Archived", lambda one: one["archived"] or None),
    Column("Description", "description"),
    Column("Tags", "tags"),
    Column("Made by", "created_by"),
    Column("Created", "created_ms", when),
]


@click.group(cls=Group)
def dataset() -> None:
    """Datasets: registered data and their versions."""


@dataset.command("list", example="runyard dataset list\nrunyard dataset list --archived")
@click.option("--archived", is_flag=True, help="The archived ones.")
@click.pass_obj
def list_datasets(session: Session, archived: bool) -> None:
    """List the datasets of the workspace, each with its latest version."""
    found = session.pages(PATH, archived=archived)
    session.rows(found, LIST, none="No datasets are registered here.")


@dataset.command(example="runyard dataset show leaves\nrunyard dataset show leaves --version 2 -o yaml")
@named("dataset", "-n", "--name", what="name of the dataset", required=False)
@click.option("-i", "--id", "dataset_id", metavar="ID", help="A version by its id.")
@click.option("-v", "--version", metavar="N", help="Number of the version. [default: the latest]")
@click.pass_obj
def show(session: Session, dataset: str | None, dataset_id: str | None, version: str | None) -> None:
    """Show a dataset: its latest version, or the one that is named."""
    if (dataset is None) == (dataset_id is None):
        raise click.UsageError("Give the name of the dataset, or --id.")
    if dataset_id is not None:
        found = session.here.get(f"/api/v1/dataset-versions/{quote(dataset_id, safe='')}")
    else:
        found = session.here.get(_one(str(dataset)), version=None if version == "latest" else version)
    session.record(found, CARD)


@dataset.command(
    example="""
    runyard dataset register leaves --path "labels/*.csv" --description "Labelled by hand" --tag team=perception
    runyard dataset register images --path raw/2026 --datastore leaves --kind file
    runyard dataset register -f dataset.json --new-version
    """
)
@named("dataset", "-n", "--name", what="name of the dataset", required=False)
@click.option(
    "--path",
    "paths",
    multiple=True,
    metavar="PATH",
    help="Files of the datastore, or a pattern; may be given several times.",
)
@click.option("--datastore", metavar="NAME", help="Where they are. [default: the workspace's default]")
@click.option(
    "--kind",
    type=click.Choice(["tabular", "file"]),
    help="[default: tabular for csv, tsv, parquet, jsonl; file otherwise]",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["delimited", "parquet", "json_lines"]),
    help="How tables are read. [default: by the ending]",
)
@click.option(
    "--separator", metavar="CHAR", help="Between values of delimited files. [default: ',', of .tsv a tab]"
)
@click.option("--no-header", is_flag=True, help="The first line is data already.")
@click.option("-d", "--description", metavar="TEXT", help="What one should know about it.")
@click.option("--tag", "tags", type=PAIR, multiple=True, help="A tag; may be given several times.")
@click.option(
    "-f", "--file", "file", type=FILE, metavar="FILE", help="All of this as JSON: name, kind, definition, ..."
)
@click.option(
    "--new-version",
    "--create-new-version",
    is_flag=True,
    help="If the name is taken, make the next version of it.",
)
@click.option("--skip-validation", is_flag=True, hidden=True)
@click.pass_obj
def register(
    session: Session, /, dataset: str | None, file: Path | None, new_version: bool, **more: Any
) -> None:
    """Register data under a name; the data stay where they are."""
    body: dict[str, Any] = _from_file(file) if file else {}
    if more["paths"]:
        body.update(_described(session, more))
    if dataset:
        body["name"] = dataset
    if more["description"] is not None:
        body["description"] = more["description"]
    if more["tags"]:
        body["tags"] = {**body.get("tags", {}), **dict(more["tags"])}
    for field, flag in (("name", "the dataset's name"), ("definition", "--path")):
        if not body.get(field):
            raise click.UsageError(f"Missing {flag}; give it, or --file.")
    session.record(session.here.post(PATH, {**body, "create_new_version": new_version}), CARD)


def _from_file(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as exc:
        raise Failed(f"{file} is not JSON: {exc}.", USAGE) from exc
    if not isinstance(found, dict):
        raise Failed(f"{file} holds no JSON object.", USAGE)
    return found


def _described(session: Session, more: dict[str, Any]) -> dict[str, Any]:
    """Kind and definition as the options say them; what they leave open is told by the ending of the first path."""
    by_ending = FORMATS.get(Path(more["paths"][0]).suffix.lower())
    kind = more["kind"] or ("tabular" if by_ending or more["file_format"] else "file")
    store = more["datastore"] or datastores.default(session)
    definition: dict[str, Any] = {"paths": [{"path": path, "datastore": store} for path in more["paths"]]}
    if kind == "tabular":
        file_format, separator = by_ending or ("delimited", ",")
        definition["format"] = more["file_format"] or file_format
        if definition["format"] == "delimited":
            definition["separator"] = more["separator"] or separator or ","
            definition["header"] = not more["no_header"]
    return {"kind": kind, "definition": definition}


@dataset.command(example="runyard dataset archive leaves")
@WHICH
@click.pass_obj
def archive(session: Session, dataset: str) -> None:
    """Hide a dataset from lists; programs that name it go on using it."""
    session.here.post(f"{_one(dataset)}/archive", {})
    note(f"Archived dataset {dataset!r}. `{session.program} dataset reactivate {dataset}` brings it back.")


@dataset.command(example="runyard dataset reactivate leaves")
@WHICH
@click.pass_obj
def reactivate(session: Session, dataset: str) -> None:
    """Show an archived dataset in lists again."""
    session.here.post(f"{_one(dataset)}/reactivate", {})
    note(f"Dataset {dataset!r} is in lists again.")


@dataset.command(example="runyard dataset unregister leaves --yes leaves")
@WHICH
@click.option("--yes", "-y", metavar="NAME", help="Confirm without being asked, by naming the dataset.")
@click.pass_obj
def unregister(session: Session, dataset: str, yes: str | None) -> None:
    """Forget a dataset with all its versions; the data stay."""
    session.here.get(_one(dataset))
    confirm_by_name(f"dataset {dataset!r} with all its versions (the data stay)", dataset, yes)
    session.here.delete(_one(dataset))
    note(f"Unregistered dataset {dataset!r}.")


def _one(name: str) -> str:
    return f"{PATH}/{quote(name, safe='')}"
