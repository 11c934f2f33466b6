"""`runyard run submit-script`: as Azure ML's CLI v1 spells it."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click

from runyard.cli import submitting
from runyard.cli.framework.command import Command
from runyard.cli.framework.exits import USAGE, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import FILE
from runyard.cli.run_submit import DEFAULT_EXPERIMENT
from runyard.client.submission import HERE, Submission


@click.command(
    "submit-script",
    cls=Command,
    hidden=True,
    context_settings={"allow_interspersed_args": False},
    example="""
    runyard run submit-script -e first --ct cluster train.py --alpha 0.3
    runyard run submit-script -c sklearn -e first --async train.py
    """,
)
@click.argument("script", metavar="SCRIPT")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENT]...")
@click.option("--experiment-name", "--experiment", "-e", default=DEFAULT_EXPERIMENT, help="The experiment.")
@click.option(
    "--run-configuration-name", "-c", metavar="NAME", help="A .runconfig file of the folder, by its name."
)
@click.option("--target", "--ct", "--compute-target", metavar="NAME", help="The compute target.")
@click.option("--conda-dependencies", "-d", type=FILE, metavar="FILE", help="A conda file.")
@click.option("--source-directory", type=click.Path(path_type=Path), metavar="DIR", help="The source folder.")
@click.option("--async", "no_wait", is_flag=True, help="Do not wait for its end.")
@click.pass_obj
def submit_script(
    session: Session, /, script: str, arguments: tuple[str, ...], no_wait: bool, **given: Any
) -> None:
    """Submit a script, and print its logs until it has ended."""
    folder = submitting.folder_of(given["source_directory"])
    definition = _definition(folder, script, arguments, given)
    target = definition.pop("target")
    what = Submission(
        definition=definition, experiment=given["experiment_name"], target=target, folder=folder
    )
    made = submitting.sent(session, what)
    if no_wait:
        session.record(submitting.record(session, made), submitting.SUBMITTED)
        return
    note(f"Run {made.run_id}: {submitting.page_of(session, made.job)}")
    submitting.leave_as(submitting.finished(session, made.run_id, follow=True))


def _definition(
    folder: Path, script: str, arguments: tuple[str, ...], given: dict[str, Any]
) -> dict[str, Any]:
    """Of the configuration's file where one is named, and of what the options say."""
    name = given["run_configuration_name"]
    if name is None:
        target = given["target"] or HERE
        environment = submitting.environment_of(target, ["python"], {"conda": given["conda_dependencies"]})
        return {"script": script, "arguments": list(arguments), "environment": environment, "target": target}
    sdk = importlib.import_module("runyard")  # loaded only where a configuration is read
    try:
        config = sdk.RunConfiguration.load(folder, name)
    except sdk.RunyardError as exc:
        raise Failed(exc.message, USAGE) from exc
    if given["target"]:
        config.target = given["target"]
    if given["conda_dependencies"]:
        config.environment.python.conda_dependencies = sdk.CondaDependencies(given["conda_dependencies"])
    src = sdk.ScriptRunConfig(folder, script, list(arguments), run_config=config)
    return {**src.definition(), "target": config.target}
