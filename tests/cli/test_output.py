"""Tables, and the other ways to print."""

from __future__ import annotations

import json
import math
from typing import Any

import click
import pytest
from rich.cells import cell_len

from runyard.cli.framework import columns
from runyard.cli.framework.columns import KEEP, Column
from runyard.cli.framework.exits import USAGE, Failed
from runyard.cli.framework.output import Output
from tests.cli.command_line import runner

ID = "0123456789abcdef0123456789abcdef"
COLUMNS = [
    Column("RUN", "run_id", rank=KEEP),
    Column("NAME", "name", rank=2, least=6),
    Column("LOSS", "metrics.loss", columns.number, rank=1, least=12, right=True),
    Column("STARTED", "start_ms", columns.when, rank=3, least=19),
]
RECORD = {"run_id": ID, "name": "a name", "metrics": {"loss": 0.25}, "start_ms": 1_764_000_000_000}


def printed(records: list[dict[str, Any]], output: Output, width: int | None = None) -> tuple[str, str]:
    """What goes to stdout and to stderr."""

    @click.command()
    def command() -> None:
        output.rows(records, COLUMNS)

    done = runner().invoke(command, env={"COLUMNS": str(width) if width else None})
    assert done.exception is None, done.exception
    return done.stdout, done.stderr


def test_a_table_without_a_terminal_cuts_nothing() -> None:
    stdout, stderr = printed([{**RECORD, "name": "n" * 300}], Output())
    head, row = stdout.splitlines()
    assert head.split() == ["RUN", "NAME", "LOSS", "STARTED"]
    assert ID in row and "n" * 300 in row and stderr == ""


@pytest.mark.parametrize("width", [40, 50, 60, 80, 100])
def test_a_table_fits_the_terminal_and_never_cuts_an_id(width: int) -> None:
    long = {**RECORD, "name": "ein sehr langer Name 漢字漢字漢字漢字漢字漢字"}
    stdout, stderr = printed([long, RECORD], Output(), width)
    assert all(cell_len(line) <= width for line in stdout.splitlines())
    assert stdout.count(ID) == 2
    assert ("Not shown" in stderr) == (width < 80)


def test_a_narrow_table_says_which_columns_are_missing() -> None:
    _, stderr = printed([RECORD], Output(), 40)
    assert stderr == "Not shown for want of room: NAME, STARTED. A wider terminal or -o json has them.\n"


def test_a_column_without_values_is_left_out() -> None:
    stdout, _ = printed([{"run_id": ID, "name": ""}], Output())
    assert stdout == f"RUN\n{ID}\n"


def test_nothing_found_is_said_on_stderr() -> None:
    assert printed([], Output()) == ("", "Nothing found.\n")
    assert printed([], Output("json")) == ("[]\n", "")
    assert printed([], Output("tsv")) == ("", "")
    assert printed([], Output("yaml")) == ("[]\n", "")


def test_names_cannot_move_the_cursor_or_use_markup() -> None:
    stdout, _ = printed([{**RECORD, "name": "\x1b[31mred\r\n[bold]x[/bold]\u202e"}], Output())
    assert "\\u001b[31mred\\r\\n[bold]x[/bold]\\u202e" in stdout


def test_tsv_is_exact_and_has_one_line_for_each_record() -> None:
    stdout, _ = printed([{**RECORD, "name": "a\tb\nc\\", "metrics": {"loss": 1 / 3}}], Output("tsv"))
    assert stdout == f"{ID}\ta\\tb\\nc\\\\\t0.3333333333333333\t2025-11-24T16:00:00.000Z\n"


def test_json_has_everything_and_no_bare_nan() -> None:
    stdout, _ = printed([{**RECORD, "metrics": {"loss": math.nan, "top": -math.inf}}], Output("json"))
    found = json.loads(stdout, parse_constant=lambda word: pytest.fail(word))
    assert found[0]["metrics"] == {"loss": "NaN", "top": "-Infinity"}


@pytest.mark.parametrize(
    ("query", "output", "expected"),
    [
        ("[].run_id", "tsv", f"{ID}\n"),
        ("[].run_id", "table", f"{ID}\n"),
        ("[0].metrics.loss", "tsv", "0.25\n"),
        ("[0].metrics.loss", "json", "0.25\n"),
        ("[].[name, metrics.loss]", "tsv", "a name\t0.25\n"),
        ("[].{who: name, loss: metrics.loss}", "tsv", "a name\t0.25\n"),
        ("[].{who: name, loss: metrics.loss}", "table", "who     loss\na name  0.25\n"),
        ("[0].nothing", "tsv", ""),
        ("[0].nothing", "json", "null\n"),
        ("[0].metrics", "yaml", "loss: 0.25\n"),
        ("length(@)", "table", "1\n"),
    ],
)
def test_a_query_chooses_what_is_printed(query: str, output: str, expected: str) -> None:
    assert printed([RECORD], Output(output, query))[0] == expected


def test_a_wrong_query_is_a_wrong_command_line() -> None:
    with pytest.raises(Failed, match="is not a query") as caught:
        Output("json", "[?").rows([RECORD], COLUMNS)
    assert caught.value.exit_code == USAGE


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, ""),
        (400, "0.4s"),
        (59_940, "59.9s"),
        (61_000, "1m 1s"),
        (3_600_000, "1h"),
        (90_061_000, "1d 1h"),
    ],
)
def test_durations(ms: int | None, text: str) -> None:
    assert columns.duration(ms) == text


@pytest.mark.parametrize(
    ("count", "text"), [(None, ""), (0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 * 2**40, "5.0 TiB")]
)
def test_sizes(count: int | None, text: str) -> None:
    assert columns.size(count) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.3333333"),
        (123456789.123, "123456789"),
        (1e-9, "1e-09"),
        (math.inf, "inf"),
        (7, "7"),
        (None, ""),
    ],
)
def test_numbers(value: float | None, text: str) -> None:
    assert columns.number(value) == text


@pytest.mark.parametrize("ms", [10**30, -1, float("nan"), "soon"])
def test_a_moment_out_of_reach_is_no_error(ms: Any) -> None:
    assert isinstance(columns.when(ms), str) and isinstance(columns.iso(ms), str)
