"""Reading MariaDB: a snapshot, row by row, and what is said when it cannot be had."""

from __future__ import annotations

import re
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.transfer.source import SourceFault
from runyard.transfer.sql_reader import MysqlReader, open_reader
from tests.components.certificates import issued
from tests.components.mariadb import MariaDb, mariadb, missing_programs

pytestmark = pytest.mark.skipif(bool(missing_programs()), reason="MariaDB's server package is not installed")


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDb]:
    with mariadb(tls=True) as running:
        yield running


@pytest.fixture
def url(server: MariaDb) -> str:
    return server.create_database()


def name_of(url: str) -> str:
    return url.rpartition("/")[2]


def test_rows_columns_and_types(server: MariaDb, url: str) -> None:
    name = name_of(url)
    server.execute(
        f"CREATE TABLE {name}.metrics (`key` VARCHAR(250), value DOUBLE, is_nan BOOLEAN, doc JSON, n BIGINT)",
        f"INSERT INTO {name}.metrics VALUES ('ü ✓ 🙂', 0.1, 1, '{{\"a\": 1}}', -9223372036854775808)",
        f"INSERT INTO {name}.metrics VALUES ('50% ?', 2.2250738585072014e-308, 0, NULL, 2)",
    )
    reader = open_reader(url)
    assert reader.tables()["metrics"] == {"key", "value", "is_nan", "doc", "n"}
    rows = reader.all('SELECT "key", value, is_nan, doc, n FROM metrics ORDER BY n')
    assert [tuple(row.values()) for row in rows] == [
        ("ü ✓ 🙂", 0.1, 1, '{"a": 1}', -(2**63)),
        ("50% ?", 2.2250738585072014e-308, 0, None, 2),
    ]
    assert reader.all('SELECT n FROM metrics WHERE "key" = ?', ("50% ?",))[0]["n"] == 2
    reader.close()


def test_what_is_written_meanwhile_is_not_seen(server: MariaDb, url: str) -> None:
    name = name_of(url)
    server.execute(f"CREATE TABLE {name}.runs (n INT)", f"INSERT INTO {name}.runs VALUES (1)")
    reader = open_reader(url)
    server.execute(f"INSERT INTO {name}.runs VALUES (2)")
    assert [row["n"] for row in reader.all("SELECT n FROM runs")] == [1]
    with pytest.raises(SourceFault, match="READ ONLY"):
        reader.all("INSERT INTO runs VALUES (3)")
    reader.close()


def test_a_stream_that_is_left_does_not_hinder_the_next_one(server: MariaDb, url: str) -> None:
    name = name_of(url)
    server.execute(
        f"USE {name}",
        "CREATE TABLE metrics (n INT, text VARCHAR(200))",
        "INSERT INTO metrics SELECT seq, repeat('x', 200) FROM seq_1_to_200000",
    )
    reader = open_reader(url)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in reader.each("SELECT * FROM metrics")) == 200_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000, "it is not read row by row"
    stream = reader.each("SELECT * FROM metrics")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert reader.all("SELECT count(*) AS n FROM metrics")[0]["n"] == 200_000
    reader.close()


def test_a_socket_and_a_mode_of_the_server(server: MariaDb, url: str) -> None:
    server.execute("SET GLOBAL sql_mode = ''", f"CREATE TABLE {name_of(url)}.runs (`key` INT)")
    host = f"mysql://root@localhost:1/{name_of(url)}"
    reader = open_reader(f"{host}?unix_socket={server.socket}&charset=latin1")
    assert reader.all('SELECT "key" FROM runs') == []
    reader.close()


def test_certificates_are_verified_when_an_authority_is_named(
    server: MariaDb, url: str, tmp_path: Path
) -> None:
    reader = open_reader(f"{url}?ssl_ca={server.authority}")
    assert next(iter(reader.all("SHOW STATUS LIKE 'Ssl_version'")))["Value"].startswith("TLS")
    reader.close()
    with pytest.raises(SourceFault, match="certificate verify failed"):
        open_reader(f"{url}?ssl_ca={issued(tmp_path).authority}")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("@", "x@"), "Access denied"),
        ((r"/t\w+$", "/absent"), "Unknown database"),
        ((r":\d+/", ":1/"), "Can't connect"),
        ((r":\d+/", ":none/"), "address cannot be read"),
        (("$", "?ssl_ca=/absent.pem"), "names /absent.pem, which is no file"),
        (("$", "?ssl_mode=REQUIRED"), "ssl_mode in the database's address is not understood"),
    ],
)
def test_what_cannot_be_reached_is_told(url: str, change: tuple[str, str], told: str) -> None:
    with pytest.raises(SourceFault, match=told) as raised:
        MysqlReader(re.sub(change[0], change[1], url, count=1))
    assert "p@ss" not in raised.value.message


def test_a_server_that_hangs_up_is_told(server: MariaDb, url: str) -> None:
    reader = open_reader(url)
    number = reader.all("SELECT connection_id() AS n")[0]["n"]
    server.execute(f"KILL {number}")
    with pytest.raises(SourceFault, match="The database cannot be read"):
        reader.all("SELECT 1")
