"""Points in Parquet files, also in such as others wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from runyard.entities.point_bytes import POINT, Points, points_of
from runyard.transfer.parquet import ROWS, PointReader, PointWriter
from runyard.transfer.source import SourceFault


def line(count: int, first: int = 0) -> Points:
    steps = list(range(first, first + count))
    return points_of(steps, steps, [step / 7 for step in steps])


def read(reader: PointReader, run_id: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for key, points in reader.points(run_id):
        found.setdefault(key, []).extend(points["step"].tolist())
    return found


def test_runs_and_metrics_larger_and_smaller_than_a_row_group(tmp_path: Path) -> None:
    writer = PointWriter(tmp_path / "p.parquet")
    writer.add("small", "a", line(3))
    writer.add("small", "b", line(2))
    writer.add("large", "a", line(ROWS + 10))
    writer.add("last", "ü", line(1))
    writer.close()
    reader = PointReader(tmp_path / "p.parquet")
    for _ in range(2):
        assert read(reader, "small") == {"a": [0, 1, 2], "b": [0, 1]}
        assert read(reader, "large") == {"a": list(range(ROWS + 10))}
        assert read(reader, "last") == {"ü": [0]} and read(reader, "none") == {}


def table(**columns: list[object]) -> pyarrow.Table:
    plain: dict[str, list[object]] = {
        "run_id": ["r", "s", "r"], "key": ["a", "a", "b"], "step": [0, 1, 2], "timestamp_ms": [0, 1, 2], "value": [0.5, 1.5, 2.5]
    }  # fmt: skip
    return pyarrow.table({**plain, **columns})


def test_rows_in_another_order_and_without_dictionaries(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(table(), tmp_path / "p.parquet", use_dictionary=False)
    reader = PointReader(tmp_path / "p.parquet")
    assert read(reader, "r") == {"a": [0], "b": [2]} and read(reader, "s") == {"a": [1]}
    assert [points.dtype for _, points in reader.points("s")] == [POINT]


@pytest.mark.parametrize(
    "columns",
    [
        {"run_id": ["r", None, "r"]},
        {"key": ["a", "a", None]},
        {"value": ["x", "y", "z"]},
        {"step": [0, None, 1]},
    ],
)
def test_what_is_no_point_is_told(tmp_path: Path, columns: dict[str, list[object]]) -> None:
    pyarrow.parquet.write_table(table(**columns), tmp_path / "p.parquet")
    with pytest.raises(SourceFault, match="holds what is no point"):
        read(PointReader(tmp_path / "p.parquet"), "r")


def test_values_come_back_bit_by_bit(tmp_path: Path) -> None:
    values = [float("nan"), float("inf"), -0.0, 5e-324]
    writer = PointWriter(tmp_path / "p.parquet")
    writer.add("r", "m", points_of([2**63 - 1, -(2**63), 0, 1], [0, 1, 2, 3], values))
    writer.close()
    ((_, points),) = PointReader(tmp_path / "p.parquet").points("r")
    assert points["value"].tobytes() == np.array(values).tobytes()
    assert points["step"].tolist() == [2**63 - 1, -(2**63), 0, 1]
