"""Files of a tabular dataset as a pandas DataFrame."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runyard.client.files import Progress
from runyard.entities.dataset import DatasetDefinition, Step
from runyard.sdk.data_sources import Source
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.libraries import library
from runyard.sdk.transfers import Job, run_all

PATH_COLUMN = "Path"
WANTED_BY = "to_pandas_dataframe"


def frame_of(definition: DatasetDefinition, sources: Sequence[Source], now_ms: int) -> Any:
    """Download, read and put together; then do the steps.

    Args:
        now_ms: what recent rows are counted back from.
    Returns: a pandas DataFrame with a fresh index.
    """
    pandas = library("pandas", WANTED_BY)
    read = _reader(definition, pandas)
    with tempfile.TemporaryDirectory(prefix="runyard-data-") as folder:
        targets = [Path(folder) / str(number) for number in range(len(sources))]
        jobs = [
            Job(source.size, _fetching(source, target))
            for source, target in zip(sources, targets, strict=True)
        ]
        run_all(f"Downloading {len(jobs)} files", jobs, show_progress=True)
        frames = [_read(read, target, source) for source, target in zip(sources, targets, strict=True)]
    if definition.include_path:
        for frame, source in zip(frames, sources, strict=True):
            frame.insert(0, PATH_COLUMN, source.shown)
    whole = pandas.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    for column in (definition.timestamp, definition.coarse_timestamp):
        if column and column in whole.columns:
            whole[column] = pandas.to_datetime(whole[column])
    for step in definition.steps:
        whole = _apply(step, whole, pandas, now_ms)
    return whole.reset_index(drop=True)


def _fetching(source: Source, target: Path) -> Callable[[Progress], object]:
    return lambda told: source.fetch(target, told)


def _reader(definition: DatasetDefinition, pandas: Any) -> Callable[[Path], Any]:
    if definition.format == "parquet":
        library("pyarrow", "Reading Parquet")
        return lambda path: pandas.read_parquet(path)
    if definition.format == "json_lines":
        return lambda path: pandas.DataFrame(_objects(path, definition.encoding))
    kind: Any = str if definition.text_only else None

    def delimited(path: Path) -> Any:
        frame = pandas.read_csv(
            path,
            sep=definition.separator,
            header=0 if definition.header else None,
            encoding=definition.encoding,
            dtype=kind,
            engine="c" if len(definition.separator) == 1 else "python",
        )
        if not definition.header:
            frame.columns = [f"Column{number}" for number in range(1, len(frame.columns) + 1)]
        return frame

    return delimited


def _objects(path: Path, encoding: str) -> list[dict[str, Any]]:
    """One object a line; empty lines are skipped."""
    with path.open(encoding=encoding) as lines:
        found = [json.loads(line) for line in lines if line.strip()]
    if not all(isinstance(one, dict) for one in found):
        raise ValueError("a line holds no JSON object")
    return found


def _read(read: Callable[[Path], Any], path: Path, source: Source) -> Any:
    try:
        return read(path)
    except (ValueError, OSError, LookupError) as exc:
        raise UserErrorException(
            f"{source.shown} cannot be read: {exc}. Is it in the format that the dataset says?", exc
        ) from exc


def _apply(step: Step, frame: Any, pandas: Any, now_ms: int) -> Any:
    if step.op in ("keep", "drop", "time"):
        absent = [name for name in step.columns if name not in frame.columns]
        if absent:
            raise UserErrorException(
                f"There is no column {absent[0]!r}; the data have {', '.join(map(str, frame.columns[:50]))}."
            )
    if step.op == "keep":
        return frame[step.columns]
    if step.op == "drop":
        return frame.drop(columns=step.columns)
    if step.op == "take":
        return frame.head(step.count)
    if step.op == "skip":
        return frame.iloc[step.count :]
    if step.op == "time":
        return frame[_within(step, frame[step.columns[0]], pandas, now_ms)]
    chances = library("numpy", WANTED_BY).random.default_rng(step.seed).random(len(frame))
    if step.op == "sample":
        return frame[chances < step.fraction]
    return frame[(chances >= step.start) & (chances < step.stop)]


def _within(step: Step, column: Any, pandas: Any, now_ms: int) -> Any:
    """Which rows lie in a span of time; times without a zone count as UTC."""
    times = pandas.to_datetime(column, utc=True)
    start_ms = now_ms - step.recent_ms if step.recent_ms else step.start_ms
    chosen = times.notna()
    if start_ms:
        start = datetime.fromtimestamp(start_ms / 1000, UTC)
        chosen &= (times >= start) if step.inclusive else (times > start)
    if step.stop_ms:
        stop = datetime.fromtimestamp(step.stop_ms / 1000, UTC)
        chosen &= (times <= stop) if step.inclusive else (times < stop)
    return chosen
