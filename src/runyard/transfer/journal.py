"""What one import has done so far, in a small SQLite file: after a kill it goes on, and at the end it knows what to verify.

It lies in the user's own directory, one file per source and target. Losing it costs time, nothing else: what is in the
target already is found there. One that was not used for 90 days is deleted.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from runyard.entities.transfer import SeriesDigest
from runyard.transfer.source import Owner

VERSION = 2
SCHEMA = """
CREATE TABLE IF NOT EXISTS experiments (source TEXT PRIMARY KEY, id TEXT NOT NULL, name TEXT NOT NULL,
    digest TEXT NOT NULL, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS records (kind TEXT NOT NULL, id TEXT NOT NULL, experiment TEXT NOT NULL, digest TEXT NOT NULL,
    source_place TEXT NOT NULL, place TEXT NOT NULL, state TEXT NOT NULL, created INTEGER NOT NULL,
    PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS records_by_experiment ON records (kind, experiment);
CREATE INDEX IF NOT EXISTS records_by_place ON records (source_place);
CREATE TABLE IF NOT EXISTS series (run TEXT NOT NULL, key TEXT NOT NULL, count INTEGER NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (run, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (kind TEXT NOT NULL, id TEXT NOT NULL, path TEXT NOT NULL, place TEXT NOT NULL,
    bytes INTEGER NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (kind, id, path)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (kind TEXT NOT NULL, id TEXT NOT NULL, text TEXT NOT NULL, fault INTEGER NOT NULL,
    PRIMARY KEY (kind, id, text)) WITHOUT ROWID;
"""


class Kept(NamedTuple):
    """A record that is in the target."""

    id: str
    experiment: str
    digest: str
    source_place: str
    place: str
    state: str
    created: bool


class KeptFile(NamedTuple):
    """A file that is in the target; its digest is that of `entities.file_digest`."""

    place: str
    bytes: int
    digest: str


class Note(NamedTuple):
    """Something to tell; a fault is what did not go as it should."""

    kind: str
    id: str
    text: str
    fault: bool


def directory() -> Path:
    """Where journals are."""
    return Path(os.environ.get("RUNYARD_HOME") or Path.home() / ".runyard") / "transfers"


def journal_path(source: str, target: str) -> Path:
    """The file of one source and target."""
    digest = hashlib.sha256(f"{source}\n{target}".encode()).hexdigest()
    return directory() / f"{digest[:24]}.journal"


def remove(path: Path) -> None:
    """Delete a journal that nobody has open; one that is not there is fine."""
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink(missing_ok=True)


def remove_old(days: int = 90) -> None:
    """Delete the journals that no import has used for so long."""
    before = time.time() - days * 86_400
    for path in directory().glob("*.journal"):
        if path.stat().st_mtime < before:
            remove(path)


class Journal:
    """One import. Each method is durable against a kill of the process."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = path
        path.touch()
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._begin_anew_if_older()
        self._db.executescript(SCHEMA)

    def _begin_anew_if_older(self) -> None:
        """A journal of another release is of no use."""
        if self._db.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            for (name,) in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                self._db.execute(f"DROP TABLE {name}")
            self._db.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def begin(self) -> None:
        """A new attempt: what was noted before is looked at again."""
        self._db.execute("DELETE FROM notes")

    def keep_experiment(self, source: str, id: str, name: str, digest: str, created: bool) -> None:
        """Which number an experiment of the source has in the target; whether we made it stays as first noted."""
        self._db.execute(
            """INSERT INTO experiments VALUES (?, ?, ?, ?, ?) ON CONFLICT (source) DO UPDATE
            SET id = excluded.id, name = excluded.name, digest = excluded.digest""",
            (source, id, name, digest, created),
        )

    def experiments(self) -> list[tuple[str, str, str, str, bool]]:
        """(source, id, name, digest, created)."""
        rows = self._db.execute("SELECT * FROM experiments ORDER BY source")
        return [(source, id, name, digest, bool(created)) for source, id, name, digest, created in rows]

    def keep(self, kind: str, record: Kept) -> None:
        """A record is in the target; state is empty as long as what belongs to it may not be."""
        self._db.execute(
            """INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET
            experiment = excluded.experiment, digest = excluded.digest, source_place = excluded.source_place,
            place = excluded.place, state = excluded.state""",
            (kind, *record),
        )

    def finish(self, kind: str, id: str, state: str) -> None:
        """All that belongs to a record is in the target."""
        self._db.execute("UPDATE records SET state = ? WHERE kind = ? AND id = ?", (state, kind, id))

    def find(self, kind: str, id: str) -> Kept | None:
        """A record that is in the target."""
        row = self._db.execute(f"{_RECORD} WHERE kind = ? AND id = ?", (kind, id)).fetchone()
        return None if row is None else _kept(row)

    def find_at(self, source_place: str) -> Kept | None:
        """The record whose files were at a place of the source."""
        row = self._db.execute(f"{_RECORD} WHERE source_place = ?", (source_place,)).fetchone()
        return None if row is None else _kept(row)

    def count(self, kind: str, experiment: str | None = None) -> int:
        """How many records of a kind there are, of one experiment of the target."""
        where, params = ("", (kind,)) if experiment is None else (" AND experiment = ?", (kind, experiment))
        row = self._db.execute(f"SELECT count(*) FROM records WHERE kind = ?{where}", params).fetchone()
        return int(row[0])

    def ids(self, kind: str) -> Iterator[str]:
        """The ids of all records of a kind, in order."""
        after = ""
        while True:
            sql = "SELECT id FROM records WHERE kind = ? AND id > ? ORDER BY id LIMIT 1000"
            rows = self._db.execute(sql, (kind, after)).fetchall()
            if not rows:
                return
            yield from (row[0] for row in rows)
            after = rows[-1][0]

    def keep_series(self, run: str, digests: list[SeriesDigest]) -> None:
        """All metrics of a run as the source has them."""
        self._db.execute("BEGIN")
        self._db.execute("DELETE FROM series WHERE run = ?", (run,))
        self._db.executemany(
            "INSERT INTO series VALUES (?, ?, ?, ?)",
            [(run, one.key, one.count, one.digest) for one in digests],
        )
        self._db.execute("COMMIT")

    def series(self, run: str) -> list[SeriesDigest]:
        """The metrics of a run by key."""
        sql = "SELECT key, count, digest FROM series WHERE run = ? ORDER BY key"
        return [SeriesDigest(*row) for row in self._db.execute(sql, (run,))]

    def totals(self) -> tuple[int, int, int, int]:
        """Metrics, points, files and bytes."""
        metrics = self._db.execute("SELECT count(*), coalesce(sum(count), 0) FROM series").fetchone()
        files = self._db.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM files").fetchone()
        return (*metrics, *files)

    def keep_file(self, owner: Owner, path: str, file: KeptFile) -> None:
        """A file is in the target."""
        self._db.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", (*owner, path, *file))

    def find_file(self, owner: Owner, path: str) -> KeptFile | None:
        """A file that is in the target."""
        sql = "SELECT place, bytes, digest FROM files WHERE kind = ? AND id = ? AND path = ?"
        row = self._db.execute(sql, (*owner, path)).fetchone()
        return None if row is None else KeptFile(*row)

    def files(self) -> Iterator[list[KeptFile]]:
        """All files, some at a time."""
        after: tuple[str, str, str] = ("", "", "")
        while True:
            sql = """SELECT kind, id, path, place, bytes, digest FROM files WHERE (kind, id, path) > (?, ?, ?)
                ORDER BY kind, id, path LIMIT 200"""
            rows = self._db.execute(sql, after).fetchall()
            if not rows:
                return
            yield [KeptFile(*row[3:]) for row in rows]
            after = rows[-1][:3]

    def note(self, kind: str, id: str, text: str, *, fault: bool = True) -> None:
        """Something to tell at the end."""
        self._db.execute("INSERT OR IGNORE INTO notes VALUES (?, ?, ?, ?)", (kind, id, text, fault))

    def notes(self) -> list[Note]:
        """Everything to tell."""
        rows = self._db.execute(
            "SELECT kind, id, text, fault FROM notes ORDER BY fault DESC, kind, id LIMIT 10000"
        )
        return [Note(kind, id, text, bool(fault)) for kind, id, text, fault in rows]


_RECORD = "SELECT id, experiment, digest, source_place, place, state, created FROM records"


def _kept(row: tuple[str, str, str, str, str, str, int]) -> Kept:
    return Kept(*row[:6], created=bool(row[6]))
