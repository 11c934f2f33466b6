"""`runyard relay`: a way into the journal for programs that speak MLflow over HTTP."""

from __future__ import annotations

import signal
import threading

import click

from runyard.cli.framework.command import Command
from runyard.cli.framework.output import note
from runyard.cli.framework.session import Session
from runyard.client.journal.recorder import drain_all
from runyard.relay.opening import opened
from runyard.relay.running import running

ENDING = (signal.SIGINT, signal.SIGTERM)


@click.command(
    cls=Command,
    example="""
    runyard relay
    runyard relay --port 5001 -w research
    runyard relay --offline
    """,
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Port. [default: a free one]"
)
@click.option("--offline", is_flag=True, help="Send nothing; `runyard sync` will.")
@click.option(
    "--open",
    "unguarded",
    is_flag=True,
    help="Ask for no token: every user of this machine may then log as you.",
)
@click.pass_obj
def relay(session: Session, port: int, offline: bool, unguarded: bool) -> None:
    """Listen for MLflow clients of any language, and journal what they log. Only programs on this machine reach it.

    What is logged is acknowledged as soon as it is in the journal, whether the server answers or not, and sent in the
    background; what is read comes from the server, or from the journal while the server is away. Prints the variables
    that clients need. Ctrl-C ends it; what is not sent by then is waited for, for RUNYARD_DRAIN_S at most.
    """
    recorder = opened(session.server, session.place, offline=offline)
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in ENDING}
    try:
        with running(recorder, port, guarded=not unguarded) as found:
            for name, value in found.environment.items():
                click.echo(f"export {name}={value}")
            where = "offline" if recorder.target.offline else f"for {session.server}"
            note(f"The relay serves {where} until Ctrl-C. Its journal is {recorder.folder}.")
            ended.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    drain_all()
