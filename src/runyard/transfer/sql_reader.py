"""Reading a database of whatever kind with plain SQL, row by row, changing nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from runyard.transfer.source import SourceFault

try:
    import psycopg
except ImportError:  # a machine without PostgreSQL's client reads the other kinds
    psycopg = None  # type: ignore[assignment]
try:
    import pymysql
    import pymysql.cursors
except ImportError:
    pymysql = None

Row = Mapping[str, Any]
Params = Sequence[Any]
AT_ONCE = 10_000
_MYSQL_TLS = (
    "ca",
    "capath",
    "cert",
    "key",
    "cipher",
    "check_hostname",
)  # with ssl_ before, as SQLAlchemy has it


class Reader(Protocol):
    """One snapshot of a database. Statements have `?` for parameters and names in double quotes."""

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        """All rows by column name."""
        ...

    def each(self, sql: str, params: Params = ()) -> Iterator[Row]:
        """Rows one after the other; the last one must be taken before anything else is asked."""
        ...

    def tables(self) -> Mapping[str, frozenset[str]]:
        """The columns of each table."""
        ...

    def close(self) -> None: ...


def open_reader(url: str) -> Reader:
    """sqlite:///path, postgresql://… or mysql://…, as SQLAlchemy spells them; a driver's name is passed over.

    Raises: SourceFault.
    """
    scheme = url.partition(":")[0].partition("+")[0].lower()
    if scheme == "sqlite":
        return SqliteReader(sqlite_path(url))
    if scheme in ("postgresql", "postgres"):
        return PostgresReader(f"postgresql:{url.partition(':')[2]}")
    if scheme in ("mysql", "mariadb"):
        return MysqlReader(url)
    raise SourceFault(
        f"Databases of the kind {scheme!r} are not read. Give sqlite:///FILE, postgresql://… or mysql://…"
    )


def sqlite_path(url: str) -> Path:
    """The file of sqlite:///relative or sqlite:////absolute."""
    _, slashes, path = url.partition(":///")
    if not slashes or not path:
        raise SourceFault(
            f"{url!r} names no file. Write sqlite:///FILE, or sqlite:////DIR/FILE for an absolute path."
        )
    return Path(unquote(path.partition("?")[0]))


class SqliteReader:
    """A file, opened so that nothing can be written."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise SourceFault(f"There is no database file {path}.")
        uri = f"file:{quote(str(path.resolve()))}?mode=ro"
        self._connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        with _translated(sqlite3.Error):
            self._connection.execute("BEGIN")

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        return list(self.each(sql, params))

    def each(self, sql: str, params: Params = ()) -> Iterator[Row]:
        with _translated(sqlite3.Error):
            cursor = self._connection.execute(sql, tuple(params))
            names = [column[0] for column in cursor.description]
            for row in cursor:
                yield dict(zip(names, row, strict=True))

    def tables(self) -> Mapping[str, frozenset[str]]:
        names = [row["name"] for row in self.all("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: frozenset(row["name"] for row in self.all("SELECT name FROM pragma_table_info(?)", (name,)))
            for name in names
        }

    def close(self) -> None:
        self._connection.close()


_COLUMNS = (
    """SELECT table_name AS "t", column_name AS "c" FROM information_schema.columns WHERE table_schema = {}"""
)


class PostgresReader:
    """A snapshot in a transaction that only reads."""

    def __init__(self, url: str) -> None:
        if psycopg is None:
            raise SourceFault("Reading PostgreSQL needs psycopg: pip install 'psycopg[binary]'.")
        with _translated(psycopg.Error):
            self._connection = psycopg.connect(url, connect_timeout=15)
            self._connection.read_only = True
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        with _translated(psycopg.Error), self._connection.cursor() as cursor:
            cursor.execute(_percent(sql), tuple(params))
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def each(self, sql: str, params: Params = ()) -> Iterator[Row]:
        with _translated(psycopg.Error), self._connection.cursor(name="each") as cursor:
            cursor.itersize = AT_ONCE
            cursor.execute(_percent(sql), tuple(params))
            names: list[str] = []
            for row in cursor:
                names = names or [column.name for column in cursor.description or ()]
                yield dict(zip(names, row, strict=True))

    def tables(self) -> Mapping[str, frozenset[str]]:
        return _by_table(self.all(_COLUMNS.format("current_schema()")))

    def close(self) -> None:
        self._connection.close()


class MysqlReader:
    """MySQL or MariaDB through pymysql.

    Of the URL's query `unix_socket` and the `ssl_…` options count, as SQLAlchemy spells them.
    """

    def __init__(self, url: str) -> None:
        if pymysql is None:
            raise SourceFault("Reading MySQL needs pymysql: pip install 'runyard[import]'.")
        with _translated(pymysql.Error, RuntimeError, OSError):  # beside its own: certificates, cryptography
            self._connection = pymysql.connect(charset="utf8mb4", connect_timeout=15, **_mysql_options(url))
            with self._connection.cursor() as cursor:
                cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')")
                cursor.execute("SET SESSION net_write_timeout = 3600, SESSION wait_timeout = 86400")
                cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        with _translated(pymysql.Error), self._connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute(_percent(sql), tuple(params))
            return list(cursor.fetchall())

    def each(self, sql: str, params: Params = ()) -> Iterator[Row]:
        with _translated(pymysql.Error), self._connection.cursor(pymysql.cursors.SSDictCursor) as cursor:
            cursor.execute(_percent(sql), tuple(params))
            yield from cursor

    def tables(self) -> Mapping[str, frozenset[str]]:
        return _by_table(self.all(_COLUMNS.format("database()")))

    def close(self) -> None:
        self._connection.close()


class _translated:
    """A driver's errors as ours; what a password could be in is not repeated."""

    def __init__(self, *kinds: type[Exception]) -> None:
        self._kinds = kinds

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, exc: BaseException | None, trace: object) -> None:
        if isinstance(exc, self._kinds):
            numbered = len(exc.args) == 2 and isinstance(exc.args[0], int)
            text = str(exc.args[1] if numbered else exc).strip()
            raise SourceFault(f"The database cannot be read: {text[:500]}") from None


def _mysql_options(url: str) -> dict[str, Any]:
    """What pymysql takes. Raises: SourceFault for an address, or a word about TLS, that is not understood."""
    parts = urlsplit(url)
    try:
        port = parts.port or 3306
    except ValueError as exc:
        raise SourceFault(f"The database's address cannot be read: {exc}.") from None
    found: dict[str, Any] = {
        "host": parts.hostname or "localhost",
        "port": port,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path.lstrip("/")),
    }
    query = dict(parse_qsl(parts.query))
    if "unix_socket" in query:
        found["unix_socket"] = query["unix_socket"]
    tls: dict[str, Any] = {name[4:]: value for name, value in query.items() if name.startswith("ssl")}
    for name, value in tls.items():
        if name not in _MYSQL_TLS:
            known = ", ".join(f"ssl_{one}" for one in _MYSQL_TLS)
            raise SourceFault(f"ssl_{name} in the database's address is not understood. Known are {known}.")
        if name in ("ca", "cert", "key") and not Path(value).is_file():
            raise SourceFault(f"ssl_{name} in the database's address names {value}, which is no file.")
    if "check_hostname" in tls:
        tls["check_hostname"] = tls["check_hostname"].lower() in ("true", "1", "yes", "on")
    return {**found, "ssl": tls} if tls else found


def _percent(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


def _by_table(rows: Sequence[Row]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(str(row["t"]), set()).add(str(row["c"]))
    return {name: frozenset(columns) for name, columns in found.items()}
