"""`runyard run`: recorded executions."""

from __future__ import annotations

import time
from typing import Any

import click

from runyard.cli import run_files, run_jobs, run_metrics, run_submit, submit_script
from runyard.cli.framework.columns import Column
from runyard.cli.framework.command import Group
from runyard.cli.framework.exits import USAGE, Failed
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import PAIR, listed, named
from runyard.cli.shapes import experiments, jobs, runs

WHICH = named("run_id", "-r", "--run", what="id of the run")
CARD = [
    *runs.CARD[:3],
    Column("Job", lambda run: jobs.told(run.get("job"))),
    Column("Target", lambda run: run["tags"].get(runs.TARGET)),
    *runs.CARD[3:],
]
ENDED = ("FINISHED", "FAILED", "KILLED")


@click.group(cls=Group)
def run() -> None:
    """Runs: recorded executions with metrics, params, tags and artifacts."""


@run.command(
    "list",
    example="""
    runyard run list
    runyard run list -e first --metrics loss,acc --order-by "metrics.loss ASC"
    runyard run list --status failed --tag team=vision --last 0 -o json
    runyard run list --filter "metrics.loss < 0.2" --query "[].run_id" -o tsv
    """,
)
@click.option(
    "--experiment",
    "--experiment-name",
    "-e",
    "names",
    multiple=True,
    metavar="NAME",
    help="Name or id; may be given several times. [default: all]",
)
@click.option(
    "--last", type=click.IntRange(0), default=20, metavar="N", help="At most N; 0 is all. [default: 20]"
)
@click.option(
    "--status",
    type=click.Choice(list(runs.STATUSES), case_sensitive=False),
    metavar="STATUS",
    help="running, completed, failed, canceled, queued.",
)
@click.option(
    "--tag", "--tags", "tags", type=PAIR, multiple=True, help="Runs with this tag, or with this value of it."
)
@click.option("--filter", "text", metavar="EXPR", help='MLflow\'s filter, such as "metrics.loss < 0.2".')
@click.option(
    "--metrics",
    "metrics",
    multiple=True,
    metavar="NAMES",
    help="Columns for these metrics, with commas between.",
)
@click.option("--params", "params", multiple=True, metavar="NAMES", help="Columns for these params.")
@click.option(
    "--order-by",
    "order",
    multiple=True,
    metavar="EXPR",
    help='Such as "metrics.loss ASC". [default: newest first]',
)
@click.option("--parent", "--parent-run-id", "parent", metavar="ID", help="The children of this run.")
@click.option(
    "--view", type=click.Choice(list(experiments.VIEWS)), default="active", help="Which. [default: active]"
)
@click.option(
    "--target", "--compute-target-name", "target", metavar="NAME", help="Those of a compute target."
)
@click.option("--minimal", is_flag=True, hidden=True)
@click.pass_obj
def list_runs(session: Session, /, names: tuple[str, ...], last: int, text: str | None, **more: Any) -> None:
    """List runs, the newest first."""
    if names:
        chosen = [experiments.find(session, name) for name in names]
    else:
        chosen = experiments.search(session, more["view"])
    named_by_id = {one["experiment_id"]: one["name"] for one in chosen}
    order = more["order"] or ("attributes.start_time DESC",)
    found = runs.search(
        session,
        named_by_id,
        _filter(text, more["status"], _with_target(more["tags"], more["target"]), more["parent"]),
        order,
        experiments.VIEWS[more["view"]],
        last,
    )
    base = [column for column in runs.LIST if len(names) != 1 or column.title != "EXPERIMENT"]
    extra = [runs.metric_column(name) for name in listed(more["metrics"])]
    extra += [runs.param_column(name) for name in listed(more["params"])]
    session.rows(found, [*base[:3], *extra, *base[3:]], none="No runs.")
    if last and len(found) == last and session.out.format == "table" and not session.out.query:
        note(f"The first {last}; --last 0 lists all.")


def _with_target(tags: tuple[tuple[str, str], ...], target: str | None) -> tuple[tuple[str, str], ...]:
    return (*tags, (runs.TARGET, target)) if target else tags


def _filter(
    text: str | None, status: str | None, tags: tuple[tuple[str, str], ...], parent: str | None
) -> str:
    """One filter that asks for all of it."""
    parts = [text.strip()] if text and text.strip() else []
    if status:
        parts.append(f"attributes.status = '{runs.STATUSES[status.lower()]}'")
    if parent:
        tags = (*tags, (runs.PARENT, parent))
    for key, value in tags:
        name = f"tags.`{key}`"
        parts.append(f"{name} = {_quoted(value)}" if value else f"{name} IS NOT NULL")
    return " AND ".join(parts)


def _quoted(text: str) -> str:
    if "'" not in text:
        return f"'{text}'"
    if '"' not in text:
        return f'"{text}"'
    raise Failed(f"A filter cannot say {text!r}: it holds both kinds of quotes.", USAGE)


@run.command(
    example="runyard run show 0123456789abcdef0123456789abcdef\nrunyard run show -r 0123456789abcdef0123456789abcdef --query metrics.loss"
)
@WHICH
@click.option("--experiment-name", "--experiment", "-e", hidden=True)
@click.pass_obj
def show(session: Session, /, run_id: str, **_: Any) -> None:
    """Show one run; of a submitted one also its job."""
    found = runs.get(session, run_id)
    if runs.TARGET in found["tags"]:
        found["job"] = jobs.find(session, run_id)
    session.record(found, CARD)


run.add_command(run_metrics.metrics)
run.add_command(run_metrics.compare)


@run.command(
    example="runyard run tag 0123456789abcdef0123456789abcdef reviewed=yes\nrunyard run tag 0123456789abcdef0123456789abcdef --remove reviewed"
)
@click.argument("run_id", metavar="RUN")
@click.argument("tags", type=PAIR, nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--remove", multiple=True, metavar="KEY", help="Take a tag away; may be given several times.")
@click.pass_obj
def tag(session: Session, run_id: str, tags: tuple[tuple[str, str], ...], remove: tuple[str, ...]) -> None:
    """Set and remove tags of a run."""
    if not tags and not remove:
        raise click.UsageError("Nothing to do: give KEY=VALUE or --remove KEY.")
    for key in remove:
        session.here.post(f"{runs.PATH}/delete-tag", {"run_id": run_id, "key": key})
    _set_tags(session, run_id, tags)
    session.record(runs.get(session, run_id), runs.CARD)


def _set_tags(session: Session, run_id: str, tags: tuple[tuple[str, str], ...]) -> None:
    if tags:
        body = [{"key": key, "value": value} for key, value in tags]
        session.here.post(
            f"{runs.PATH}/log-batch", {"run_id": run_id, "metrics": [], "params": [], "tags": body}
        )


@run.command(
    example='runyard run update 0123456789abcdef0123456789abcdef --name best --description "Lowest loss so far."'
)
@WHICH
@click.option("--name", metavar="NAME", help="Another name.")
@click.option("--description", metavar="TEXT", help="What one should know about it.")
@click.option(
    "--status", type=click.Choice(["running", "completed", "failed", "canceled"]), help="Another status."
)
@click.option("--add-tag", "tags", type=PAIR, multiple=True, help="A tag; may be given several times.")
@click.option("--experiment-name", "-e", hidden=True)
@click.pass_obj
def update(
    session: Session,
    /,
    run_id: str,
    name: str | None,
    description: str | None,
    status: str | None,
    tags: tuple[tuple[str, str], ...],
    **_: Any,
) -> None:
    """Change a run's name, description, status or tags."""
    if description is not None:
        tags = (*tags, ("mlflow.note.content", description))
    changes = {"run_name": name, "status": runs.STATUSES[status] if status else None}
    changes = {key: value for key, value in changes.items() if value is not None}
    if not changes and not tags:
        raise click.UsageError("Nothing to change: give --name, --description, --status or --add-tag.")
    if changes.get("status") in ENDED:
        changes["end_time"] = str(time.time_ns() // 1_000_000)
    if changes:
        session.here.post(f"{runs.PATH}/update", {"run_id": run_id, **changes})
    _set_tags(session, run_id, tags)
    session.record(runs.get(session, run_id), runs.CARD)


run.add_command(run_submit.submit)
run.add_command(run_jobs.cancel)
run.add_command(run_jobs.resubmit)
run.add_command(run_jobs.priority)


@run.command(example="runyard run delete 0123456789abcdef0123456789abcdef")
@WHICH
@click.pass_obj
def delete(session: Session, run_id: str) -> None:
    """Delete a run; `restore` brings it back."""
    session.here.post(f"{runs.PATH}/delete", {"run_id": run_id})
    note(f"Deleted run {run_id}. `{session.program} run restore {run_id}` brings it back.")


@run.command(example="runyard run restore 0123456789abcdef0123456789abcdef")
@WHICH
@click.pass_obj
def restore(session: Session, run_id: str) -> None:
    """Restore a deleted run."""
    session.here.post(f"{runs.PATH}/restore", {"run_id": run_id})
    note(f"Restored run {run_id}.")


run.add_command(run_files.download)
run.add_command(run_files.logs)
run.add_command(run_files.monitor_logs, "monitor-logs")
run.add_command(submit_script.submit_script)
