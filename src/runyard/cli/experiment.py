"""`runyard experiment`: groups of runs."""

from __future__ import annotations

import click

from runyard.cli.framework.command import Group
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import PAIR, named
from runyard.cli.shapes import experiments

WHICH = named("experiment", "-e", "--experiment", "--experiment-name", what="name or id of the experiment")


@click.group(cls=Group)
def experiment() -> None:
    """Experiments: named groups of runs."""


@experiment.command("list", example="runyard experiment list\nrunyard experiment list --view deleted -o json")
@click.option(
    "--view", type=click.Choice(list(experiments.VIEWS)), default="active", help="Which. [default: active]"
)
@click.option("--filter", "text", metavar="EXPR", help="Such as \"name LIKE 'vision%' AND tags.team = 'a'\".")
@click.option("--last", type=click.IntRange(0), default=0, metavar="N", help="The newest N only.")
@click.pass_obj
def list_experiments(session: Session, view: str, text: str | None, last: int) -> None:
    """List the experiments of the workspace, the newest first."""
    found = experiments.search(session, view, text or "", last)
    session.rows(found, experiments.COLUMNS, none="There are no experiments here yet.")


@experiment.command(example="runyard experiment show vision")
@WHICH
@click.pass_obj
def show(session: Session, experiment: str) -> None:
    """Show one experiment."""
    session.record(experiments.find(session, experiment), experiments.CARD)


@experiment.command(example="runyard experiment create vision --tag team=perception")
@named("experiment", "-e", "--experiment", "--experiment-name", what="name of the new experiment")
@click.option("--tag", "tags", type=PAIR, multiple=True, help="A tag; may be given several times.")
@click.option(
    "--artifact-location", metavar="URI", help="Where its files go. [default: the workspace's files]"
)
@click.pass_obj
def create(
    session: Session, experiment: str, tags: tuple[tuple[str, str], ...], artifact_location: str | None
) -> None:
    """Create an experiment."""
    body = {
        "name": experiment,
        "artifact_location": artifact_location,
        "tags": [{"key": key, "value": value} for key, value in tags],
    }
    made = session.here.post(
        f"{experiments.PATH}/create", {key: value for key, value in body.items() if value}
    )
    found = session.here.get(f"{experiments.PATH}/get", experiment_id=made["experiment_id"])
    session.record(experiments.record_of(found["experiment"]), experiments.CARD)


@experiment.command(example="runyard experiment delete vision")
@WHICH
@click.pass_obj
def delete(session: Session, experiment: str) -> None:
    """Delete an experiment with its runs; `restore` brings them back."""
    found = experiments.find(session, experiment)
    session.here.post(f"{experiments.PATH}/delete", {"experiment_id": found["experiment_id"]})
    note(
        f"Deleted experiment {found['name']!r} (id {found['experiment_id']}). "
        f"`{session.program} experiment restore {found['experiment_id']}` brings it back."
    )


@experiment.command(example="runyard experiment restore vision")
@WHICH
@click.pass_obj
def restore(session: Session, experiment: str) -> None:
    """Restore a deleted experiment and its runs."""
    found = experiments.find(session, experiment)
    session.here.post(f"{experiments.PATH}/restore", {"experiment_id": found["experiment_id"]})
    note(f"Restored experiment {found['name']!r}.")


@experiment.command(example="runyard experiment rename vision perception")
@click.argument("experiment")
@click.argument("new_name")
@click.pass_obj
def rename(session: Session, experiment: str, new_name: str) -> None:
    """Give an experiment another name."""
    found = experiments.find(session, experiment)
    session.here.post(
        f"{experiments.PATH}/update", {"experiment_id": found["experiment_id"], "new_name": new_name}
    )
    note(f"Experiment {found['name']!r} is {new_name!r} now.")


@experiment.command(
    example="runyard experiment tag vision team=perception stage=trial\nrunyard experiment tag vision --remove stage"
)
@click.argument("experiment")
@click.argument("tags", type=PAIR, nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--remove", multiple=True, metavar="KEY", help="Take a tag away; may be given several times.")
@click.pass_obj
def tag(
    session: Session, experiment: str, tags: tuple[tuple[str, str], ...], remove: tuple[str, ...]
) -> None:
    """Set and remove tags of an experiment."""
    if not tags and not remove:
        raise click.UsageError("Nothing to do: give KEY=VALUE or --remove KEY.")
    found = experiments.find(session, experiment)
    for key, value in tags:
        body = {"experiment_id": found["experiment_id"], "key": key, "value": value}
        session.here.post(f"{experiments.PATH}/set-experiment-tag", body)
    for key in remove:
        session.here.post(
            f"{experiments.PATH}/delete-experiment-tag", {"experiment_id": found["experiment_id"], "key": key}
        )
    show_again = session.here.get(f"{experiments.PATH}/get", experiment_id=found["experiment_id"])
    session.record(experiments.record_of(show_again["experiment"]), experiments.CARD)
