"""`runyard journal`: what was logged and is still to be sent, and what was refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from runyard.cli.framework.columns import KEEP, Column, Record, size, when
from runyard.cli.framework.command import Group, Reach
from runyard.cli.framework.session import Session
from runyard.client.journal.folder import JournalFolder, journal_home, journals
from runyard.client.journal.reader import JournalReader, first_place
from runyard.client.journal.sender.others import is_claimed
from runyard.client.journal.sender.refusals import Kept, describe_kept, plain
from runyard.errors import CorruptData, InvalidInput, NotFound
from runyard.wire.journal import decode_record

LIST = [
    Column("JOURNAL", "journal", rank=KEEP),
    Column("STATE", "state", rank=KEEP),
    Column("STARTED", "started_ms", when, rank=3, least=12),
    Column("PROCESS", "process", right=True, rank=4),
    Column("OF", "host", rank=4, least=6),
    Column("TO", "target", rank=2, least=12),
    Column("SENT", "sent", right=True, rank=2),
    Column("SIZE", "size_bytes", size, right=True, rank=1),
]
RECORDS = [
    Column("SEQ", "seq", right=True, rank=KEEP),
    Column("KIND", "kind", rank=KEEP),
    Column("WHAT", "what", least=20),
]
REFUSED = [
    Column("JOURNAL", lambda record: str(record["journal"])[:8], rank=3),
    Column("SEQ", "seq", right=True, rank=KEEP),
    Column("WHAT", "what", rank=1, least=16),
    Column("CODE", "code", rank=4),
    Column("WHY", "message", rank=1, least=20),
]
HOME = click.option(
    "--in",
    "home",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder of journals. [default: $RUNYARD_JOURNAL, else ~/.runyard/journal]",
)
_REFUSED_NAME = re.compile(r"refused-([0-9a-f]{32})\.jsonl")


@click.group(cls=Group)
def journal() -> None:
    """Journals: what was logged and is still to be sent."""


@journal.command("list", reach=Reach.LOCAL, example="runyard journal list")
@HOME
@click.pass_obj
def list_journals(session: Session, home: Path | None) -> None:
    """List the journals that are not sent as a whole."""
    place = home or journal_home()
    session.rows([_row(one) for one in journals(place)], LIST, none=f"No journal in {place}.")


@journal.command(reach=Reach.LOCAL, example="runyard journal show 3d53e23a --last 20")
@click.argument("journal_id", metavar="JOURNAL")
@click.option(
    "--last",
    type=click.IntRange(0),
    default=50,
    metavar="N",
    help="The last N records; 0 is all that are there. [default: 50]",
)
@HOME
@click.pass_obj
def show(session: Session, journal_id: str, last: int, home: Path | None) -> None:
    """Show the records of a journal that are still there. JOURNAL is an id, or its beginning."""
    found = [_shown(seq, record) for seq, record in _records(_one(home or journal_home(), journal_id), last)]
    session.rows(found, RECORDS, none="All of it was sent.")


@journal.command(reach=Reach.LOCAL, example="runyard journal refused")
@click.argument("journal_id", metavar="[JOURNAL]", required=False, default="")
@HOME
@click.pass_obj
def refused(session: Session, journal_id: str, home: Path | None) -> None:
    """List what servers refused, and why."""
    session.rows(list(_refused(home or journal_home(), journal_id)), REFUSED, none="Nothing was refused.")


def _row(one: JournalFolder) -> Record:
    head = one.head
    if head is None:
        return {"journal": one.id, "state": "unreadable"}
    if not one.ended:
        state = "running"
    elif is_claimed(one):
        state = "sending"
    else:
        state = "waiting"
    return {
        "journal": one.id,
        "state": state,
        "started_ms": head.started_ms,
        "process": head.process.pid,
        "host": head.host,
        "server": head.server,
        "workspace": head.workspace,
        "target": "offline" if head.offline else f"{head.server}/{head.workspace}".rstrip("/"),
        "offline": head.offline,
        "sent": one.sent.seq,
        "size_bytes": one.size_bytes(),
        "path": str(one.path),
    }


def _one(home: Path, start: str) -> JournalFolder:
    found = [one for one in journals(home) if one.id.startswith(start)]
    if not found:
        raise NotFound(f"No journal in {home} begins with {start!r}. `runyard journal list` has them.")
    if len(found) > 1:
        raise InvalidInput(f"{len(found)} journals begin with {start!r}. Give more of the id.")
    return found[0]


def _records(one: JournalFolder, last: int) -> list[tuple[int, Any]]:
    reader = JournalReader(one, first_place(one))
    found: list[tuple[int, Any]] = []
    while True:
        try:
            chunk = reader.next()
        except CorruptData:
            damage = reader.skip_damage()
            if damage is None:
                return found
            continue
        if chunk is None:
            return found
        found += [(frame.seq, decode_record(frame)) for frame in chunk.frames]
        if last:
            del found[:-last]


def _shown(seq: int, record: Any) -> Record:
    values = plain(record)
    kind = type(record).__name__
    return {"seq": seq, "kind": kind, "what": describe_kept(kind, values), "record": values}


def _refused(home: Path, start: str) -> Iterator[Record]:
    for path in sorted(home.glob("refused-*.jsonl")):
        named = _REFUSED_NAME.fullmatch(path.name)
        if named is None or not named[1].startswith(start):
            continue
        for line in path.read_bytes().splitlines():
            try:
                one = msgspec.json.decode(line, type=Kept)
            except msgspec.MsgspecError:
                continue
            what = describe_kept(one.kind, one.record)
            yield {**msgspec.to_builtins(one), "journal": named[1], "what": what, "file": str(path)}
