"""Columns to and from Parquet files. pyarrow is large, so it is an extra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from runyard.entities.point_bytes import POINT, Points
from runyard.transfer.layout import POINT_COLUMNS
from runyard.transfer.source import SourceFault

try:
    import pyarrow
    import pyarrow.parquet
except ImportError:
    pyarrow = None

ROWS = 100_000  # points in a row group, which is what a reader holds
TABLE_ROWS = 20_000
TEXT, WHOLE, NUMBER = "text", "whole", "number"


def require() -> None:
    """Raises: SourceFault with the way to get pyarrow."""
    if pyarrow is None:
        raise SourceFault("Parquet files need pyarrow: pip install 'runyard[export]'.")


class TableWriter:
    """Rows into one file, a row group at a time.

    Args:
        columns: name to TEXT, WHOLE or NUMBER.
    """

    def __init__(self, path: Path, columns: Mapping[str, str]) -> None:
        require()
        kinds = {TEXT: pyarrow.string(), WHOLE: pyarrow.int64(), NUMBER: pyarrow.float64()}
        self._schema = pyarrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[Sequence[Any]] = []
        self.count = 0

    def add(self, *row: Any) -> None:
        """One row."""
        self._rows.append(row)
        self.count += 1
        if len(self._rows) >= TABLE_ROWS:
            self._flush()

    def close(self) -> None:
        """Write the rest and the footer."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            columns = [list(column) for column in zip(*self._rows, strict=True)]
            self._writer.write_table(pyarrow.table(columns, schema=self._schema))
            self._rows = []
            _give_back()


class PointWriter:
    """Points of many runs into one file, run after run."""

    def __init__(self, path: Path) -> None:
        require()
        text = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
        kinds = (text, text, pyarrow.int64(), pyarrow.int64(), pyarrow.float64())
        self._schema = pyarrow.schema(list(zip(POINT_COLUMNS, kinds, strict=True)))
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._held: list[tuple[str, str, Points]] = []
        self._size = 0
        self.count = 0

    def add(self, run_id: str, key: str, points: Points) -> None:
        """Points of one metric."""
        while points.size:
            part = points[: ROWS - self._size]
            points = points[part.size :]
            self._held.append((run_id, key, part))
            self._size += part.size
            self.count += int(part.size)
            if self._size >= ROWS:
                self._flush()

    def close(self) -> None:
        """Write the rest and the footer."""
        if self._size:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        sizes = [points.size for _, _, points in self._held]
        points = np.concatenate([points for _, _, points in self._held])
        columns = [
            _repeated([run_id for run_id, _, _ in self._held], sizes),
            _repeated([key for _, key, _ in self._held], sizes),
            pyarrow.array(points["step"].astype(np.int64)),
            pyarrow.array(points["ms"].astype(np.int64)),
            pyarrow.array(points["value"].astype(np.float64), from_pandas=False),
        ]
        self._writer.write_table(pyarrow.table(columns, schema=self._schema))
        self._held, self._size = [], 0
        _give_back()


def _give_back() -> None:
    """pyarrow keeps what it has freed; a long export would seem to grow."""
    pyarrow.default_memory_pool().release_unused()


def _repeated(texts: list[str], sizes: list[int]) -> Any:
    known = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    indices = np.repeat(np.array([known[text] for text in texts], np.int32), sizes)
    return pyarrow.DictionaryArray.from_arrays(
        pyarrow.array(indices), pyarrow.array(list(known), pyarrow.string())
    )


class PointReader:
    """The points of one run at a time; holds one row group.

    Raises: SourceFault from every method, for what is no such file.
    """

    def __init__(self, path: Path) -> None:
        require()
        self._path = path
        try:
            self._file = pyarrow.parquet.ParquetFile(path, read_dictionary=["run_id", "key"])
        except (pyarrow.ArrowException, OSError, ValueError) as exc:
            raise SourceFault(f"{path} is no Parquet file: {str(exc).splitlines()[0][:200]}") from None
        if not set(POINT_COLUMNS) <= set(self._file.schema_arrow.names):
            raise SourceFault(f"{path} lacks one of the columns {', '.join(POINT_COLUMNS)}.")
        self._groups: dict[str, list[int]] = {}  # in which row groups a run has points
        for group in range(self._file.num_row_groups):
            for run_id in self._read(group, ["run_id"]).column("run_id").unique().to_pylist():
                self._groups.setdefault(str(run_id), []).append(group)
        self._held: tuple[int, dict[str, list[tuple[str, Points]]]] | None = None

    def _read(self, group: int, columns: Sequence[str]) -> Any:
        try:
            return self._file.read_row_group(group, columns=list(columns))
        except (pyarrow.ArrowException, OSError, ValueError) as exc:
            raise SourceFault(f"{self._path} is damaged: {str(exc).splitlines()[0][:200]}") from None

    def points(self, run_id: str) -> Iterator[tuple[str, Points]]:
        """Blocks of one metric each, in the order of the file."""
        for group in self._groups.get(run_id, ()):
            yield from self._of_group(group, run_id)

    def _of_group(self, group: int, run_id: str) -> Iterator[tuple[str, Points]]:
        if self._held is None or self._held[0] != group:
            self._held = None  # first let go of the one before
            _give_back()
            try:
                self._held = (group, _blocks(self._read(group, POINT_COLUMNS)))
            except (pyarrow.ArrowException, TypeError, ValueError) as exc:
                raise SourceFault(f"{self._path} holds what is no point: {str(exc)[:200]}") from None
        yield from self._held[1].get(run_id, ())


def _blocks(table: Any) -> dict[str, list[tuple[str, Points]]]:
    """The points of a row group by run, in pieces of one metric that follow one another."""
    points = np.empty(table.num_rows, POINT)
    for name, column in (("step", "step"), ("ms", "timestamp_ms"), ("value", "value")):
        if table.column(column).null_count:
            raise ValueError(f"a point without {column}")
        points[name] = table.column(column).to_numpy()
    run_ids, runs = _numbered(table.column("run_id"))
    keys_known, keys = _numbered(table.column("key"))
    found: dict[str, list[tuple[str, Points]]] = {}
    if points.size:
        changes = np.flatnonzero((runs[1:] != runs[:-1]) | (keys[1:] != keys[:-1])) + 1
        for start, end in pairwise([0, *changes.tolist(), points.size]):
            block = (keys_known[keys[start]], points[start:end])
            found.setdefault(run_ids[runs[start]], []).append(block)
    return found


def _numbered(column: Any) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The texts of a column, and for each row the number of its own."""
    if column.null_count:
        raise ValueError("a point without run or metric")
    texts = column.cast("string").combine_chunks().dictionary_encode()
    return texts.dictionary.to_pylist(), texts.indices.to_numpy().astype(np.int64)
