"""`runyard environment`: what code needs to run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from runyard.cli import submitting
from runyard.cli.framework.columns import KEEP, Column, when
from runyard.cli.framework.command import Group
from runyard.cli.framework.exits import USAGE, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import TARGET, named
from runyard.client import yaml_text
from runyard.client.conda_files import conda_file, definition_of, python_section
from runyard.client.submission import HERE, Submission
from runyard.errors import InvalidInput, NotFound

PATH = "/api/v1/environments"
BUILDS = "prepare_image"  # the experiment of builds, as Azure ML calls it
FILE, CONDA_FILE, DOCKERFILE = "azureml_environment.json", "conda_dependencies.yml", "BaseDockerfile"
WHICH = named("environment", "-n", "--name", "--environment-name", what="name of the environment")
VERSION = click.option("--version", "-v", "version", metavar="N", help="Its version. [default: the latest]")


def _packages(one: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    python = one["definition"].get("python") or {}
    for package in (python.get("condaDependencies") or {}).get("dependencies") or ():
        found += [package] if isinstance(package, str) else package.get("pip") or ()
    return found


LIST = [
    Column("ENVIRONMENT", "name", rank=KEEP),
    Column("VERSION", "version", rank=KEEP, right=True),
    Column("PACKAGES", _packages, rank=3, least=16),
    Column("CREATED", "created_ms", when, rank=2, least=19),
    Column("BY", "created_by", rank=4, least=6),
]
CARD = [
    Column("Environment", "name"),
    Column("Version", "version"),
    Column("Hash", "hash"),
    Column("Packages", _packages),
    Column("Python", lambda one: _python(one["definition"].get("python") or {})),
    Column("Image", lambda one: (one["definition"].get("docker") or {}).get("baseImage")),
    Column("Variables", lambda one: one["definition"].get("environmentVariables") or None),
    Column("Created", "created_ms", when),
    Column("Made by", "created_by"),
]


def _python(python: Mapping[str, Any]) -> str:
    if python.get("userManagedDependencies"):
        return f"as it is: {python.get('interpreterPath') or 'python'}"
    return "made on the target"


@click.group(cls=Group)
def environment() -> None:
    """Environments: what code needs to run."""


@environment.command("list", example="runyard environment list")
@click.pass_obj
def list_environments(session: Session) -> None:
    """List the latest version of each registered environment."""
    session.rows(session.pages(PATH), LIST, none="No environments are registered here.")


@environment.command(example="runyard environment show sklearn --version 2")
@WHICH
@VERSION
@click.option("--versions", is_flag=True, help="All versions, the newest first.")
@click.pass_obj
def show(session: Session, environment: str, version: str | None, versions: bool) -> None:
    """Show a registered environment."""
    if versions:
        session.rows(session.pages(f"{_one(environment)}/versions"), LIST, none="There are no versions.")
        return
    session.record(_get(session, environment, version), CARD)


@environment.command(
    example="""
    runyard environment register sklearn --file requirements.txt
    runyard environment register sklearn --file conda.yml
    runyard environment register -d ./exported
    """
)
@named("environment", "-n", "--name", what="name of the environment", required=False)
@click.option(
    "--file",
    "-f",
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE",
    help="A conda file (.yml), or a requirements file of pip.",
)
@click.option(
    "--directory", "-d", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
    help="A folder that `environment download` or the SDK wrote.",
)  # fmt: skip
@click.pass_obj
def register(session: Session, environment: str | None, file: Path | None, directory: Path | None) -> None:
    """Register an environment; one that differs from the latest is a new version."""
    if (file is None) == (directory is None):
        raise click.UsageError("Give --file or --directory, one of them.")
    definition = definition_of(file) if file is not None else _of_folder(directory or Path())
    name = environment or definition.get("name")
    if not name:
        raise click.UsageError("Missing ENVIRONMENT: name of the environment.")
    made = session.here.post(PATH, {"name": name, "definition": {**definition, "name": name}}, retry=True)
    session.record(made, CARD)


@environment.command(example="runyard environment download sklearn -d exported")
@WHICH
@VERSION
@click.option(
    "--directory", "-d", type=TARGET, metavar="DIR", help="Where to. [default: a folder named like it]"
)
@click.option("--overwrite", is_flag=True, help="Also into a folder that is there.")
@click.pass_obj
def download(
    session: Session, environment: str, version: str | None, directory: Path | None, overwrite: bool
) -> None:
    """Write an environment's definition into a folder, as the SDK's save_to_directory does."""
    found = _get(session, environment, version)
    _write(directory or Path(environment), {**found["definition"], "name": found["name"]}, overwrite)
    session.record(found, CARD)


@environment.command(example="runyard environment scaffold -n mine -d mine")
@WHICH
@click.option("--directory", "-d", type=TARGET, required=True, metavar="DIR", help="The folder.")
@click.pass_obj
def scaffold(session: Session, environment: str, directory: Path) -> None:
    """Write the files of a new environment into a folder, to be edited and registered."""
    definition = {"name": environment, **python_section(pip=["azureml-defaults"])}
    _write(directory, definition, overwrite=False)
    note(f"Edit {directory / CONDA_FILE}, then `{session.program} environment register -d {directory}`.")


@environment.command(example="runyard environment build sklearn --target cluster --follow")
@WHICH
@VERSION
@click.option(
    "--target", "-t", default=HERE, metavar="NAME", help="The compute target. [default: local, this machine]"
)
@click.option("--follow", "-f", is_flag=True, help="Print its log as it grows, until it is made.")
@click.pass_obj
def build(session: Session, environment: str, version: str | None, target: str, follow: bool) -> None:
    """Make an environment on a compute target, so that runs there need not wait for it."""
    found = _get(session, environment, version)
    definition = {**found["definition"], "name": found["name"], "version": found["version"]}
    what = Submission(
        definition={"environment": definition},
        experiment=BUILDS,
        target=target,
        run_name=environment,
        kind="build",
    )
    made = submitting.sent(session, what)
    if not follow:
        session.record(submitting.record(session, made), submitting.SUBMITTED)
        return
    submitting.leave_as(submitting.finished(session, made.run_id, follow=True))


def _one(name: str) -> str:
    return f"{PATH}/{quote(name, safe='')}"


def _get(session: Session, name: str, version: str | None) -> dict[str, Any]:
    try:
        found: dict[str, Any] = session.here.get(_one(name), version=version)
    except NotFound as exc:
        if "`runyard " in exc.message:
            raise
        which = f"{name!r} (version {version})" if version else repr(name)
        raise NotFound(
            f"Environment {which} is not registered here; `{session.program} environment list` shows what is."
        ) from exc
    return found


def _of_folder(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise Failed(f"{folder / FILE} cannot be read: {exc}.", USAGE) from exc
    if not isinstance(found, dict):
        raise InvalidInput(f"{folder / FILE} holds no JSON object.")
    python = {**(found.get("python") or {})}
    if (folder / CONDA_FILE).is_file():
        python["condaDependencies"] = conda_file(folder / CONDA_FILE)
    docker = {**(found.get("docker") or {})}
    if (folder / DOCKERFILE).is_file():
        docker["baseDockerfile"] = (folder / DOCKERFILE).read_text(encoding="utf-8")
    kept = {key: found.get(key) for key in ("name", "environmentVariables")}
    return {key: value for key, value in {**kept, "python": python, "docker": docker}.items() if value}


def _write(folder: Path, definition: dict[str, Any], overwrite: bool) -> None:
    if folder.exists() and not overwrite:
        raise Failed(f"{folder} is there already; give --overwrite, or another --directory.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(json.dumps(definition, indent=4) + "\n", encoding="utf-8")
    conda = (definition.get("python") or {}).get("condaDependencies")
    if conda:
        (folder / CONDA_FILE).write_text(yaml_text.dump(conda), encoding="utf-8")
    dockerfile = (definition.get("docker") or {}).get("baseDockerfile")
    if dockerfile:
        (folder / DOCKERFILE).write_text(dockerfile, encoding="utf-8")
