"""Bring a database to the schema of this release, or say why not."""

from __future__ import annotations

from typing import Protocol

from runyard.errors import InvalidState
from runyard.store.sql import migrations
from runyard.store.sql.database import Connection


class SchemaConnection(Connection, Protocol):
    """A connection that can run a migration in one transaction."""

    def begin(self) -> None: ...

    def commit(self) -> object: ...

    def rollback(self) -> None: ...


class NewerSchema(InvalidState):
    """The database was written by a newer release."""


def latest() -> int:
    """The schema version of this release."""
    return migrations.versions()[-1]


def current(connection: Connection) -> int:
    """The schema version of the database; 0 when it is empty."""
    if not _has_version_table(connection):
        return 0
    row = connection.one("SELECT max(version) FROM schema_versions")
    return int(row[0]) if row and row[0] is not None else 0


def check(connection: Connection) -> int:
    """The database's version.

    Raises: NewerSchema.
    """
    found = current(connection)
    if found > latest():
        raise NewerSchema(
            f"The database has schema version {found}, this release knows up to {latest()}. Install a newer Runyard."
        )
    return found


def upgrade(connection: SchemaConnection) -> list[int]:
    """Apply what is missing; returns the versions applied. Each is applied whole or not at all."""
    done = []
    for version in [number for number in migrations.versions() if number > check(connection)]:
        connection.begin()
        try:
            for statement in migrations.statements(version, connection.dialect):
                connection.execute(statement)
            if version == migrations.versions()[0]:
                connection.execute("CREATE TABLE schema_versions (version BIGINT PRIMARY KEY)")
            connection.execute("INSERT INTO schema_versions (version) VALUES (?)", (version,))
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        done.append(version)
    return done


def probe(connection: Connection) -> None:
    """Write something and take it back in the same transaction: fails where a real write would."""
    connection.execute("INSERT INTO schema_versions (version) VALUES (0)")
    connection.execute("DELETE FROM schema_versions WHERE version = 0")


def _has_version_table(connection: Connection) -> bool:
    sql = {
        "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_versions'",
        "postgresql": "SELECT 1 FROM information_schema.tables "
        "WHERE table_schema = current_schema() AND table_name = 'schema_versions'",
    }
    return connection.one(sql[connection.dialect]) is not None
