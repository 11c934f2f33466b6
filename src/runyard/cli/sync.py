"""`runyard sync`: send what was logged offline, or could not be sent."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

import click

from runyard.cli.framework.columns import KEEP, Column, Record, size
from runyard.cli.framework.command import Command
from runyard.cli.framework.exits import FAILED, Failed, failed
from runyard.cli.framework.output import note
from runyard.cli.framework.progress import progress
from runyard.cli.framework.session import Session
from runyard.client.credentials import FROM_ENVIRONMENT, find_login
from runyard.client.journal.folder import JournalFolder, journal_home
from runyard.client.journal.sync import GONE, LEFT, OPEN, Options, Outcome, Sync, find

NEWS_SHOWN = 20
ROWS = [
    Column("JOURNAL", "journal", lambda value: str(value)[:8], rank=KEEP),
    Column("OF", "host", rank=3, least=6),
    Column("TO", "target", rank=2, least=12),
    Column("RECORDS", "records", right=True),
    Column("POINTS", "points", right=True, rank=2),
    Column("FILES", "files", right=True),
    Column("SIZE", "file_bytes", size, right=True, rank=4),
    Column("REFUSED", "refused", right=True, rank=2),
    Column("STATE", "state", rank=KEEP),
]


@click.command(
    cls=Command,
    example="""
    runyard sync
    runyard sync /mnt/usb/journal -w research
    runyard sync --watch
    """,
)
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option("--watch", is_flag=True, help="Go on with what running processes log, until Ctrl-C.")
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1, 64),
    default=4,
    metavar="N",
    help="Journals at the same time. [default: 4]",
)
@click.option(
    "--ended",
    is_flag=True,
    help="The processes of journals of other machines have ended, those that did not say so too.",
)
@click.option(
    "--skip-lost",
    is_flag=True,
    help="Go on where the server has lost records that are not here any more, as after a restored backup.",
)
@click.pass_obj
def sync(
    session: Session, paths: tuple[Path, ...], watch: bool, jobs: int, ended: bool, skip_lost: bool
) -> None:
    """Send what was logged offline, or could not be sent: by processes that died, or without a server in reach.

    PATH is a journal or a folder of journals, from whatever machine; by default $RUNYARD_JOURNAL, or
    ~/.runyard/journal. Each goes to the server and workspace that its process logged to, unless --server or --workspace
    is given; what was logged without a server goes to those that commands use. It may be called again at any time, and
    beside running jobs: nothing is sent twice.
    """
    places = list(paths) or [journal_home()]
    if not paths and not places[0].is_dir():
        note(f"Nothing to send: there are no journals in {places[0]}.")
        return
    news: list[str] = []
    options = Options(
        fallback=lambda: (session.server, session.place or ""),
        server=session.given.server and session.server,
        workspace=(session.place or "") if session.given.workspace else "",
        trusts=(lambda server: True) if not paths else lambda server: _is_known(session, server),
        jobs=jobs,
        ended=ended,
        skip_lost=skip_lost,
        tell=news.append,
    )
    outcomes = _followed(options, places) if watch else _sent(options, find(places))
    _tell(session, outcomes, news, places)


def _is_known(session: Session, server: str) -> bool:
    """Whether the user means a server that a journal names; the journal may be somebody else's."""
    in_environment = any(os.environ.get(name) for name in FROM_ENVIRONMENT)
    return not in_environment or server == session.server or find_login(server) is not None


def _sent(options: Options, found: Sequence[JournalFolder]) -> list[Outcome]:
    total = sum(one.size_bytes() for one in found)
    with progress(f"Sending {len(found)} journals", total) as moved:
        options.moved = moved
        return Sync(options).run(found)


def _followed(options: Options, places: Sequence[Path]) -> list[Outcome]:
    """Until Ctrl-C."""
    options.follow = threading.Event()
    options.patience_s = None
    work = Sync(options)
    thread = threading.Thread(target=work.follow, args=(lambda: find(places),), daemon=True)
    note(f"Following the journals in {', '.join(map(str, places))}. Ctrl-C ends it; nothing is lost by that.")
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.5)
    except KeyboardInterrupt:
        options.follow.set()
        thread.join()
    return list(work.outcomes.values())


def _tell(session: Session, outcomes: Sequence[Outcome], news: Sequence[str], places: Sequence[Path]) -> None:
    session.rows([_row(one) for one in outcomes], ROWS, none=_nothing(places))
    for text in news[:NEWS_SHOWN]:
        note(f"! {text}")
    if len(news) > NEWS_SHOWN:
        note(f"  … and {len(news) - NEWS_SHOWN} more.")
    for one in outcomes:
        if one.state == OPEN:
            note(_open(one))
    done = [one for one in outcomes if one.state != GONE]
    left = [one for one in done if one.state == LEFT]
    refused = sum(one.refused for one in done)
    if done:
        note(
            f"Verified by the server: {_counted(done)}."
            if not left
            else f"Sent: {_counted(done)}. {len(left)} of {len(done)} journals have more."
        )
    if left:
        _fail(left)
    if refused:
        where = ", ".join(str(one.refused_file) for one in done if one.refused_file is not None)
        raise Failed(f"{refused} records were refused by the server and are kept in {where}.", FAILED)


def _fail(left: Sequence[Outcome]) -> None:
    """Raises: Failed, with the exit code of the first reason."""
    reasons = {one.error.message: one.error for one in left if one.error is not None}
    for first in reasons.values():
        others = len(reasons) - 1
        more = f" There are {others} other reasons; -o json has them." if others else ""
        found = failed(first)
        raise Failed(
            f"{found.message}{more} What was not sent is where it was; call the command again.",
            found.exit_code,
        )
    raise Failed("Not everything was sent. Call the command again.", FAILED)


def _counted(done: Sequence[Outcome]) -> str:
    return ", ".join(
        f"{count:,} {noun}{'' if count == 1 else 's'}"
        for noun in ("record", "point", "file")
        for count in [sum(getattr(one, f"{noun}s") for one in done)]
    )


def _row(one: Outcome) -> Record:
    return {
        "journal": one.journal,
        "host": one.head.host,
        "process": one.head.process.pid,
        "server": one.server,
        "workspace": one.workspace,
        "target": f"{one.server}/{one.workspace}".rstrip("/"),
        "records": one.records,
        "points": one.points,
        "files": one.files,
        "file_bytes": one.file_bytes,
        "refused": one.refused,
        "refused_file": None if one.refused_file is None else str(one.refused_file),
        "state": one.state,
        "error": None if one.error is None else one.error.message,
    }


def _open(one: Outcome) -> str:
    who = f"process {one.head.process.pid} on {one.head.host}"
    if one.head.host == socket.gethostname():
        return f"  {one.journal[:8]}: {who} still runs; it may log more."
    return f"  {one.journal[:8]}: {who} has not said that it has ended. If it was killed, `runyard sync --ended` says so."


def _nothing(places: Sequence[Path]) -> str:
    return f"Nothing to send: there are no journals in {', '.join(map(str, places))}."
