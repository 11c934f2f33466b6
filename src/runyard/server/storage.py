"""From settings to an open, up-to-date database. The only place that chooses the kind."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import suppress
from typing import Protocol

import psycopg

from runyard.artifacts.local.syncing import make_directories
from runyard.errors import CorruptData, InvalidInput, RunyardError, StorageUnavailable
from runyard.server.settings import Settings
from runyard.store.sql import schema
from runyard.store.sql.postgres import PostgresDatabase, PostgresWriteConnection
from runyard.store.sql.sqlite import SqliteDatabase, SqliteWriteConnection, translate

DATABASE_FILE = "runyard.db"
LOCK_FILE = "runyard.lock"


class SchemaConnection(schema.SchemaConnection, Protocol):
    """A connection for migrations."""

    def close(self) -> None: ...


class DataDirectory:
    """The data directory, held by one server at a time.

    Raises: StorageUnavailable when it cannot be written or another server holds it.
    """

    def __init__(self, settings: Settings) -> None:
        self.path = settings.data_dir
        try:
            make_directories(self.path, 0o700)
            self._lock = (self.path / LOCK_FILE).open("ab+", buffering=0)
        except OSError as exc:
            raise StorageUnavailable(
                f"The data directory {self.path} cannot be written: {exc.strerror}. Choose another with --data."
            ) from exc
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            self._lock.seek(0)
            holder = self._lock.read().decode("ascii", "replace").strip()
            raise StorageUnavailable(
                f"Another server (process {holder or 'unknown'}) uses the data directory {self.path}. "
                "Stop it, or choose another directory with --data."
            ) from exc
        self._sign()

    def close(self) -> None:
        """Let others in."""
        self._lock.close()

    def _sign(self) -> None:
        try:
            self._lock.truncate(0)
            self._lock.write(str(os.getpid()).encode())
        except OSError as exc:
            self._lock.close()
            raise StorageUnavailable(
                f"The data directory {self.path} cannot be written: {exc.strerror}. Make room, or choose another "
                "with --data."
            ) from exc


def connect_for_schema(settings: Settings) -> SchemaConnection:
    """A connection that can run migrations.

    Raises: InvalidInput for a database URL that is not known, StorageUnavailable.
    """
    if settings.database:
        return _connect_postgres(settings.database)
    path = settings.data_dir / DATABASE_FILE
    with suppress(OSError):  # it holds hashes of passwords and tokens: for nobody else on the machine
        path.touch(mode=0o600)
    try:
        return SqliteWriteConnection(path)
    except sqlite3.Error as exc:
        raise _unusable(settings, exc) from exc


def open_database(settings: Settings, *, serves: bool = True) -> SqliteDatabase | PostgresDatabase:
    """The database with the schema of this release.

    Args:
        serves: by the process that holds the data directory; others may use it beside a server.
    Raises: NewerSchema, StorageUnavailable, CorruptData.
    """
    connection = connect_for_schema(settings)
    try:
        schema.upgrade(connection)
        connection.begin()
        schema.probe(connection)
        connection.commit()
    except sqlite3.Error as exc:
        raise _unusable(settings, exc) from exc
    except psycopg.Error as exc:
        raise _unreachable(exc) from exc
    finally:
        connection.close()
    database: SqliteDatabase | PostgresDatabase
    if settings.database:
        database = PostgresDatabase(settings.database)
        database.open()
        return database
    database = SqliteDatabase(settings.data_dir / DATABASE_FILE, sets_aside=serves)
    database.open()
    return database


def _connect_postgres(url: str) -> PostgresWriteConnection:
    if not url.startswith(("postgresql://", "postgres://")):
        raise InvalidInput(
            f"--database takes postgresql://USER@HOST:PORT/NAME, not a URL that begins with {url.partition(':')[0]}:. "
            "Leave it out to use the embedded SQLite."
        )
    try:
        connection = PostgresWriteConnection(url)
        connection.lock_migrations()
    except psycopg.Error as exc:
        raise _unreachable(exc) from exc
    return connection


def _unreachable(exc: psycopg.Error) -> StorageUnavailable:
    return StorageUnavailable(f"The PostgreSQL server cannot be used: {str(exc).strip()}")


def _unusable(settings: Settings, exc: sqlite3.Error) -> RunyardError:
    path = settings.data_dir / DATABASE_FILE
    fault = translate(exc)
    if isinstance(fault, CorruptData):
        return fault
    return StorageUnavailable(f"The database {path} cannot be written: {exc}. Nothing was changed.")
