"""`runyard model`: registered models and their versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runyard.cli.framework.columns import KEEP, Column, Record, first_line, when
from runyard.cli.framework.command import Group
from runyard.cli.framework.confirm import confirm_by_name
from runyard.cli.framework.exits import MISSING, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import PAIR, TARGET, named
from runyard.cli.run_files import DONE
from runyard.cli.shapes import files, runs
from runyard.errors import AlreadyExists

MODELS = "/api/2.0/mlflow/registered-models"
VERSIONS = "/api/2.0/mlflow/model-versions"
WHICH = named("model", "-n", "--name", what="name of the model, or NAME:VERSION")

LIST = [
    Column("MODEL", "name", rank=KEEP),
    Column("LATEST", "latest_version", rank=1, least=6, right=True),
    Column("ALIASES", "aliases", rank=3, least=8),
    Column("CHANGED", "updated_ms", when, rank=4, least=19),
    Column("DESCRIPTION", "description", first_line, rank=5, least=12),
    Column("TAGS", "tags", rank=6, least=10),
]
VERSION_LIST = [
    Column("VERSION", "version", rank=KEEP, right=True),
    Column("ALIASES", "aliases", rank=2, least=8),
    Column("STATUS", "status", rank=5, least=6),
    Column("CREATED", "created_ms", when, rank=3, least=19),
    Column("RUN", "run_id", rank=4, least=32),
    Column("DESCRIPTION", "description", first_line, rank=6, least=12),
]
CARD = [
    Column("Model", "name"),
    Column("Version", "version"),
    Column("Aliases", "aliases"),
    Column("Stage", "stage"),
    Column("Status", "status"),
    Column("Run", "run_id"),
    Column("Source", "source"),
    Column("Created", "created_ms", when),
    Column("Changed", "updated_ms", when),
    Column("Description", "description"),
    Column("Tags", "tags"),
]


@click.group(cls=Group)
def model() -> None:
    """Models: registered models and their versions."""


@model.command(
    "list",
    example="runyard model list\nrunyard model list -n diabetes\nrunyard model list --filter \"tags.team = 'a'\" -o json",
)
@click.option("-n", "--name", metavar="NAME", help="The versions of this model.")
@click.option("--filter", "text", metavar="EXPR", help="MLflow's filter, such as \"name LIKE 'dia%'\".")
@click.option("--last", type=click.IntRange(0), default=0, metavar="N", help="At most N.")
@click.pass_obj
def list_models(session: Session, name: str | None, text: str | None, last: int) -> None:
    """List registered models, or the versions of one."""
    if name is None:
        found = session.pages(f"{MODELS}/search", "registered_models", limit=last, filter=text)
        session.rows([_model_record(one) for one in found], LIST, none="No models are registered here.")
        return
    aliases = _model_record(_message(session, name))["aliases"]
    clauses = " AND ".join(part for part in (f"name = {_quoted(name)}", text) if part)
    found = session.pages(
        f"{VERSIONS}/search", "model_versions", limit=last, filter=clauses, order_by="version_number DESC"
    )
    session.rows(
        [
            {**_version_record(one), "aliases": [a for a, v in aliases.items() if v == one["version"]]}
            for one in found
        ],
        VERSION_LIST,
        none=f"Model {name!r} has no versions.",
    )


@model.command(
    example="runyard model show diabetes\nrunyard model show diabetes:3\nrunyard model show diabetes:champion -o json"
)
@WHICH
@click.option("--version", metavar="N", help="Number or alias of a version.")
@click.pass_obj
def show(session: Session, model: str, version: str | None) -> None:
    """Show a model, or one of its versions."""
    name, which = _split(model, version)
    if which:
        session.record(_version(session, name, which), CARD)
    else:
        session.record(_model_record(_message(session, name)), [*LIST_CARD])


LIST_CARD = [
    Column("Model", "name"),
    Column("Latest version", "latest_version"),
    Column("Aliases", "aliases"),
    Column("Created", "created_ms", when),
    Column("Changed", "updated_ms", when),
    Column("Description", "description"),
    Column("Tags", "tags"),
]


@model.command(
    example="""
    runyard model register -n diabetes -r 0123456789abcdef0123456789abcdef --asset-path model
    runyard model register diabetes -r 0123456789abcdef0123456789abcdef --asset-path model --tag team=a --alias champion
    """
)
@named("model", "-n", "--name", what="name of the model; it is made if there is none")
@click.option(
    "-r", "--run", "--run-id", "run_id", required=True, metavar="RUN", help="Id of the run that made it."
)
@click.option(
    "--asset-path",
    "--artifact",
    "path",
    required=True,
    metavar="PATH",
    help="The model's directory or file among the run's artifacts.",
)
@click.option("-d", "--description", metavar="TEXT", help="What one should know about it.")
@click.option(
    "--tag", "tags", type=PAIR, multiple=True, help="A tag of the version; may be given several times."
)
@click.option(
    "--alias", "aliases", multiple=True, metavar="NAME", help="An alias for the version, such as champion."
)
@click.pass_obj
def register(
    session: Session,
    model: str,
    run_id: str,
    path: str,
    description: str | None,
    tags: tuple[tuple[str, str], ...],
    aliases: tuple[str, ...],
) -> None:
    """Register artifacts of a run as the next version of a model."""
    wanted = path.strip("/")
    if not files.below(session, run_id, wanted):
        raise Failed(
            f"Run {run_id} has no artifact {path!r}; `{session.program} artifact list {run_id}` shows its files.",
            MISSING,
        )
    source = f"{runs.message(session, run_id)['info']['artifact_uri']}/{wanted}"
    try:
        session.here.post(f"{MODELS}/create", {"name": model})
    except AlreadyExists:
        pass
    body = {
        "name": model,
        "source": source,
        "run_id": run_id,
        "description": description,
        "tags": [{"key": key, "value": value} for key, value in tags],
    }
    made = session.here.post(f"{VERSIONS}/create", body)["model_version"]
    for alias in aliases:
        session.here.post(f"{MODELS}/alias", {"name": model, "alias": alias, "version": made["version"]})
    session.record(_version(session, model, made["version"]), CARD)


@model.command(
    example="runyard model download diabetes:3 --to models\nrunyard model download -n diabetes:champion -t models --overwrite"
)
@named("model", "-i", "--model-id", "-n", "--name", what="NAME:VERSION, or a name for its latest version")
@click.option(
    "--to",
    "-t",
    "--target-dir",
    "target",
    type=TARGET,
    default=".",
    metavar="DIR",
    help="Where to. [default: this folder]",
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
@click.pass_obj
def download(session: Session, model: str, target: Path, overwrite: bool) -> None:
    """Download the files of a model version."""
    name, which = _split(model, None)
    version = _version(session, name, which or _latest(session, name))
    answer = session.here.get(f"{VERSIONS}/get-download-uri", name=name, version=version["version"])
    done = files.download_proxied(session, str(answer["artifact_uri"]), target, overwrite=overwrite)
    session.rows(done, DONE)


@model.command(
    example="""
    runyard model update diabetes --description "Progression within a year." --add-tag team=a
    runyard model update diabetes:3 --alias champion --remove-tag draft
    """
)
@named("model", "-i", "--model-id", "-n", "--name", what="name of the model, or NAME:VERSION")
@click.option("-d", "--description", metavar="TEXT", help="What one should know about it.")
@click.option("--add-tag", "tags", type=PAIR, multiple=True, help="A tag; may be given several times.")
@click.option("--remove-tag", "removed", multiple=True, metavar="KEY", help="Take a tag away.")
@click.option("--alias", "aliases", multiple=True, metavar="NAME", help="Let this alias mean the version.")
@click.option("--remove-alias", "dropped", multiple=True, metavar="NAME", help="Drop an alias of the model.")
@click.pass_obj
def update(session: Session, /, model: str, **changes: Any) -> None:
    """Change description, tags and aliases of a model or of a version."""
    name, which = _split(model, None)
    if not any(value for value in changes.values() if value is not None) and changes["description"] is None:
        raise click.UsageError(
            "Nothing to change: give --description, --add-tag, --remove-tag, --alias or --remove-alias."
        )
    if changes["aliases"] and not which:
        raise click.UsageError("An alias means one version: write NAME:VERSION.")
    key: dict[str, Any] = {"name": name}
    if which:
        key["version"] = _version(session, name, which)["version"]
    base = VERSIONS if which else MODELS
    if changes["description"] is not None:
        session.here.patch(f"{base}/update", {**key, "description": changes["description"]})
    for tag, value in changes["tags"]:
        session.here.post(f"{base}/set-tag", {**key, "key": tag, "value": value})
    for tag in changes["removed"]:
        session.here.delete(f"{base}/delete-tag", {**key, "key": tag})
    for alias in changes["aliases"]:
        session.here.post(f"{MODELS}/alias", {**key, "alias": alias})
    for alias in changes["dropped"]:
        session.here.delete(f"{MODELS}/alias", {"name": name, "alias": alias})
    if which:
        session.record(_version(session, name, key["version"]), CARD)
    else:
        session.record(_model_record(_message(session, name)), LIST_CARD)


@model.command(example="runyard model delete diabetes:3\nrunyard model delete diabetes --yes diabetes")
@named("model", "-i", "--model-id", "-n", "--name", what="name of the model, or NAME:VERSION")
@click.option("--yes", metavar="NAME", help="Confirm without being asked, by naming the model.")
@click.pass_obj
def delete(session: Session, model: str, yes: str | None) -> None:
    """Delete a version, or a model with all its versions."""
    name, which = _split(model, None)
    if which:
        version = _version(session, name, which)["version"]
        session.here.delete(f"{VERSIONS}/delete", {"name": name, "version": version})
        note(f"Deleted version {version} of model {name!r}.")
        return
    _message(session, name)
    confirm_by_name(f"model {name!r} with all its versions", name, yes)
    session.here.delete(f"{MODELS}/delete", {"name": name})
    note(f"Deleted model {name!r}.")


def _split(model: str, version: str | None) -> tuple[str, str | None]:
    """Name and version of NAME:VERSION; a version given on its own wins nothing over a different one."""
    name, colon, written = model.rpartition(":")
    if not colon or not name or not written:
        return model, version
    if version and version != written:
        raise click.UsageError(f"{model!r} names version {written}, --version says {version}.")
    return name, written


def _message(session: Session, name: str) -> Record:
    found: Record = session.here.get(f"{MODELS}/get", name=name)["registered_model"]
    return found


def _version(session: Session, name: str, which: str) -> dict[str, Any]:
    """A version by number, or by alias where it is no number."""
    if which.isdecimal():
        found = session.here.get(f"{VERSIONS}/get", name=name, version=which)
    else:
        found = session.here.get(f"{MODELS}/alias", name=name, alias=which)
    return _version_record(found["model_version"])


def _latest(session: Session, name: str) -> str:
    latest = _model_record(_message(session, name))["latest_version"]
    if latest is None:
        raise Failed(f"Model {name!r} has no versions.", MISSING)
    return str(latest)


def _model_record(message: Record) -> dict[str, Any]:
    versions = [int(one["version"]) for one in message.get("latest_versions", ())]
    return {
        "name": message["name"],
        "latest_version": str(max(versions)) if versions else None,
        "aliases": {one["alias"]: one["version"] for one in message.get("aliases", ())},
        "description": message.get("description", ""),
        "created_ms": message.get("creation_timestamp"),
        "updated_ms": message.get("last_updated_timestamp"),
        "tags": {tag["key"]: tag.get("value", "") for tag in message.get("tags", ())},
    }


def _version_record(message: Record) -> dict[str, Any]:
    stage = message.get("current_stage", "")
    return {
        "name": message["name"],
        "version": message["version"],
        "aliases": list(message.get("aliases", ())),
        "stage": stage if stage != "None" else "",
        "status": message.get("status", ""),
        "run_id": message.get("run_id", ""),
        "source": message.get("source", ""),
        "description": message.get("description", ""),
        "created_ms": message.get("creation_timestamp"),
        "updated_ms": message.get("last_updated_timestamp"),
        "tags": {tag["key"]: tag.get("value", "") for tag in message.get("tags", ())},
    }


def _quoted(text: str) -> str:
    return f'"{text}"' if "'" in text else f"'{text}'"
