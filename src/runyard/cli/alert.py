"""`runyard alert`: who is told of what happens to runs, and how long runs may be silent."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from runyard.cli.framework.columns import KEEP, Column, when
from runyard.cli.framework.command import Group
from runyard.cli.framework.confirm import ask_secret, secret_from_stdin
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.cli.framework.values import DURATION_TYPE
from runyard.cli.shapes import experiments

PATH = "/api/v1/alerts"
LIVENESS = "/api/v1/liveness"
EVENTS = ("failed", "nan", "stalled")
LIST = [
    Column("ALERT", "name", rank=KEEP),
    Column("EVENTS", "events", rank=2),
    Column("EXPERIMENT", lambda one: one["experiment_id"] or "all", rank=3, least=4),
    Column("RECEIVER", "host", rank=1),
    Column("LAST SENT", "sent_ms", when, rank=4, least=19),
    Column("ERROR", "error", rank=5, least=12),
]
SILENCE = [
    Column("WHERE", "place", rank=KEEP),
    Column("SILENT FOR", lambda one: one["seconds"] or "ever", rank=1, right=True),
]
EXPERIMENT = click.option(
    "--experiment", "-e", metavar="NAME", help="Name or id. [default: all of the workspace]"
)


@click.group(cls=Group)
def alert() -> None:
    """Alerts: who is told when runs fail, log NaN or stand still, and when a silent run counts as failed."""


@alert.command("list", example="runyard alert list")
@click.pass_obj
def list_alerts(session: Session) -> None:
    """List the alerts of the workspace, never their addresses."""
    session.rows(session.here.get(PATH)["items"], LIST, none="There are no alerts here.")


@alert.command(
    "set",
    example="""
    runyard alert set team --on failed --on nan
    printf %s "$WEBHOOK_URL" | runyard alert set night --on stalled --stalled 30m -e first --stdin
    """,
)
@click.argument("name")
@click.option(
    "--on",
    "events",
    type=click.Choice(EVENTS),
    multiple=True,
    required=True,
    help="failed, nan, stalled; may be given several times.",
)
@EXPERIMENT
@click.option(
    "--stalled",
    type=DURATION_TYPE,
    default="10m",
    metavar="TIME",
    help="Time without a point. [default: 10m]",
)
@click.option(
    "--stdin",
    "from_stdin",
    is_flag=True,
    help="Read the receiver's URL from stdin; otherwise it is asked for.",
)
@click.pass_obj
def set_(
    session: Session,
    name: str,
    events: tuple[str, ...],
    experiment: str | None,
    stalled: int,
    from_stdin: bool,
) -> None:
    """Set an alert; its receiver's URL is a secret. Prints the key that its messages are signed with."""
    otherwise = "The URL cannot be asked for here; give it with --stdin."
    url = secret_from_stdin() if from_stdin else ask_secret("URL of the receiver", otherwise)
    fields: dict[str, Any] = {"name": name, "url": url, "events": list(events), "stalled_s": stalled}
    if experiment is not None:
        fields["experiment_id"] = experiments.find(session, experiment)["experiment_id"]
    made = session.here.post(PATH, fields)
    session.record(made, [Column("Alert", "name"), Column("Signing key", "signing_key")])
    note(f"Set alert {name!r}. Its key is shown this once; `runyard alert test {name}` sends a message.")


@alert.command(example="runyard alert test team")
@click.argument("name")
@click.pass_obj
def test(session: Session, name: str) -> None:
    """Send a message now."""
    answer = session.here.post(f"{PATH}/{quote(name, safe='')}/test", {})
    note(f"The receiver answered {answer['status']}.")


@alert.command(example="runyard alert delete team")
@click.argument("name")
@click.pass_obj
def delete(session: Session, name: str) -> None:
    """Delete an alert."""
    session.here.delete(f"{PATH}/{quote(name, safe='')}")
    note(f"Deleted alert {name!r}.")


@alert.command(
    example="""
    runyard alert silence
    runyard alert silence 10m
    runyard alert silence never -e first
    runyard alert silence default -e first
    """
)
@click.argument("time", metavar="[TIME|never|default]", required=False)
@EXPERIMENT
@click.pass_obj
def silence(session: Session, time: str | None, experiment: str | None) -> None:
    """Show or set how long a run may be silent before it counts as failed."""
    found = None if experiment is None else experiments.find(session, experiment)["experiment_id"]
    if time is not None:
        words: dict[str, int | None] = {"never": 0, "default": None}
        seconds = words[time] if time in words else DURATION_TYPE.convert(time, None, None)
        session.here.post(LIVENESS, {"experiment_id": found, "seconds": seconds})
    limits = session.here.get(LIVENESS)
    rows = [{"place": "server", "seconds": limits["server_s"]}]
    if limits["workspace_s"] is not None:
        rows.append({"place": "workspace", "seconds": limits["workspace_s"]})
    rows += [
        {"place": f"experiment {one['experiment_id']}", "seconds": one["seconds"]}
        for one in limits["experiments"]
    ]
    session.rows(rows, SILENCE, none="")
