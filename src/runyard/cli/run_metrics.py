"""`runyard run metrics` and `runyard run compare`: what runs measured."""

from __future__ import annotations

import importlib
from typing import Any

import click

from runyard.cli.framework.columns import KEEP, Column, Record, Value, number, plain, when
from runyard.cli.framework.command import Command
from runyard.cli.framework.exits import MISSING, Failed
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import listed, named
from runyard.cli.shapes import runs

HISTORY = f"{runs.MLFLOW}/metrics/get-history"
PAGE = 25_000

LAST = [
    Column("METRIC", "name", rank=KEEP),
    Column("VALUE", lambda metric: metric["value"], lambda value: _short(value), rank=1, least=10),
    Column("STEP", "step", rank=3, least=4, right=True),
    Column("KIND", "kind", rank=5, least=6),
    Column("LOGGED", "timestamp_ms", when, rank=4, least=19),
]
POINTS = [
    Column("METRIC", "name", rank=2),
    Column("STEP", "step", rank=KEEP, right=True),
    Column("VALUE", "value", number, rank=KEEP, right=True),
    Column("LOGGED", "timestamp_ms", when, rank=3, least=19),
]


@click.command(
    cls=Command,
    example="""
    runyard run metrics -r 0123456789abcdef0123456789abcdef
    runyard run metrics -r 0123456789abcdef0123456789abcdef --name loss --history -o tsv
    runyard run metrics -r 0123456789abcdef0123456789abcdef --query "[?name=='loss'].value | [0]"
    """,
)
@named("run_id", "-r", "--run", what="id of the run")
@click.option(
    "--name", "names", multiple=True, metavar="NAME", help="Only this metric; may be given several times."
)
@click.option("--history", is_flag=True, help="All points and not only the last of each metric.")
@click.option("--experiment-name", "--experiment", "-e", hidden=True)
@click.pass_obj
def metrics(session: Session, /, run_id: str, names: tuple[str, ...], history: bool, **_: Any) -> None:
    """Show the metrics of a run: the last value of each, or every point."""
    message = runs.message(session, run_id)
    chosen = listed(names)
    found = [_last(metric) for metric in message.get("data", {}).get("metrics", ())]
    found = sorted(
        (one for one in found if not chosen or one["name"] in chosen), key=lambda one: str(one["name"])
    )
    others = [] if history else _records(session, run_id, chosen, {one["name"] for one in found})
    missing = [name for name in chosen if name not in {one["name"] for one in [*found, *others]}]
    if missing:
        raise Failed(
            f"Run {run_id} has no metric {missing[0]!r}; `{session.program} run metrics {run_id}` shows those that "
            "it has.",
            MISSING,
        )
    if history:
        histories = [_history(session, run_id, name) for name in chosen] or [_histories(session, run_id)]
        points = [point for one in histories for point in one]
        session.rows(points, POINTS if len(found) != 1 else POINTS[1:], none="The run has no metrics.")
    else:
        session.rows([*found, *others], LAST, none="The run has no metrics.")


def _last(metric: Record) -> dict[str, Any]:
    return {
        "name": metric["key"],
        "kind": "metric",
        "value": runs.value_of(metric["value"]),
        "step": metric.get("step", 0),
        "timestamp_ms": metric["timestamp"],
    }


def _records(session: Session, run_id: str, chosen: list[str], numbers: set[str]) -> list[dict[str, Any]]:
    """What the SDK logged beside numbers (text, lists, rows, tables, images, charts), merged as `run.get_metrics()` does.

    A number has a record too where the SDK was given an int or a bool; the metric itself is shown then.
    """
    found = [
        one
        for one in session.pages(f"/api/v1/runs/{run_id}/records")
        if (not chosen or one["name"] in chosen) and one["name"] not in numbers and one["kind"] != "error"
    ]
    if not found:
        return []
    merging = importlib.import_module("runyard.sdk.metrics_merge")  # the SDK takes a while to load
    records = [merging.Record(one["name"], one["kind"], one["logged_ms"], one["body"]) for one in found]
    values: dict[str, Any] = merging.merged({}, records)
    last = {one["name"]: one for one in found}
    return [
        {
            "name": name,
            "kind": last[name]["kind"],
            "value": value,
            "step": None,
            "timestamp_ms": last[name]["logged_ms"],
        }
        for name, value in values.items()
    ]


def _histories(session: Session, run_id: str) -> list[dict[str, Any]]:
    """Of all metrics, by name: few requests, however many there are."""
    return [
        {"name": part["name"], "step": step, "value": runs.value_of(value), "timestamp_ms": ms}
        for part in session.pages(f"/api/v1/runs/{run_id}/points", at_once=PAGE)
        for step, ms, value in zip(part["steps"], part["timestamps"], part["values"], strict=True)
    ]


def _history(session: Session, run_id: str, name: str) -> list[dict[str, Any]]:
    found = session.pages(HISTORY, "metrics", at_once=PAGE, run_id=run_id, metric_key=name)
    return [
        {
            "name": point["key"],
            "step": point.get("step", 0),
            "value": runs.value_of(point["value"]),
            "timestamp_ms": point["timestamp"],
        }
        for point in found
    ]


def _short(value: Value) -> str:
    return number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else plain(value)


@click.command(
    cls=Command,
    example="""
    runyard run compare 0123456789abcdef0123456789abcdef fedcba9876543210fedcba9876543210
    runyard run compare -r 0123456789abcdef0123456789abcdef -r fedcba9876543210fedcba9876543210 --different -o tsv
    """,
)
@click.argument("words", metavar="[RUN]...", nargs=-1)
@click.option("-r", "--run", "flags", multiple=True, metavar="RUN", help="A run; given two or more times.")
@click.option("--different", is_flag=True, help="Only what is not the same in all of them.")
@click.pass_obj
def compare(session: Session, words: tuple[str, ...], flags: tuple[str, ...], different: bool) -> None:
    """Compare metrics and params of two or more runs side by side."""
    run_ids = list(dict.fromkeys([*words, *flags]))
    if len(run_ids) < 2:
        raise click.UsageError("Give two or more different runs.")
    found = [runs.record_of(runs.message(session, run_id)) for run_id in run_ids]
    rows = [row for kind in ("params", "metrics") for row in _compared(found, kind)]
    rows = [*_heads(found), *rows]
    if different:
        rows = [row for row in rows if len({repr(value) for value in row["values"].values()}) > 1]
    sides = [_side(run) for run in found]
    session.rows(
        rows,
        [Column("", "kind", rank=2, least=5), Column("WHAT", "name", rank=KEEP), *sides],
        none="They are the same.",
    )


def _heads(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The name and status of each run."""
    return [
        {"kind": "run", "name": field, "values": {run["run_id"]: run[field] for run in found}}
        for field in ("name", "status")
    ]


def _compared(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    names = sorted({name for run in found for name in run[kind]})
    return [
        {
            "kind": kind.removesuffix("s"),
            "name": name,
            "values": {run["run_id"]: run[kind].get(name) for run in found},
        }
        for name in names
    ]


def _side(run: dict[str, Any]) -> Column:
    run_id = run["run_id"]
    return Column(run_id, lambda row: row["values"].get(run_id), _short, rank=1, least=8)
