"""Datasets of rows and columns."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from runyard.entities.dataset import DatasetDefinition, Step
from runyard.sdk.data_sources import PathLike, parse_paths
from runyard.sdk.dataset_base import DatasetBase
from runyard.sdk.dataset_frames import frame_of
from runyard.sdk.exceptions import DatasetTimestampMissingError, UserErrorException

_SEEDS = 2**31


class TabularDataset(DatasetBase):
    """Rows and columns, read from files when `to_pandas_dataframe` is called.

    `path` of the factories is a file or folder of this machine, a URL, (datastore, 'weather/**/*.csv'),
    datastore.path('…'), or a list of them; `*` and `?` stay within a component, `**` crosses them. `validate` looks
    whether each path has files.
    """

    kind = "tabular"

    @classmethod
    def from_delimited_files(
        cls,
        path: PathLike | Sequence[PathLike],
        validate: bool = True,
        include_path: bool = False,
        infer_column_types: bool = True,
        separator: str = ",",
        header: bool = True,
        encoding: str = "utf8",
    ) -> Self:
        """Rows of text files, such as CSV.

        Args:
            include_path: add a column Path, which says where each row is from.
            infer_column_types: else every value stays text.
            header: whether the first line of each file has the names; else they are Column1, Column2, …
        """
        return cls._from(
            path,
            validate,
            format="delimited",
            include_path=include_path,
            text_only=not infer_column_types,
            separator=separator,
            header=bool(header),
            encoding=encoding,
        )

    @classmethod
    def from_parquet_files(
        cls, path: PathLike | Sequence[PathLike], validate: bool = True, include_path: bool = False
    ) -> Self:
        """Rows of Parquet files."""
        return cls._from(path, validate, format="parquet", include_path=include_path)

    @classmethod
    def from_json_lines_files(
        cls,
        path: PathLike | Sequence[PathLike],
        validate: bool = True,
        include_path: bool = False,
        encoding: str = "utf8",
    ) -> Self:
        """Rows of files with one JSON object a line."""
        return cls._from(path, validate, format="json_lines", include_path=include_path, encoding=encoding)

    @classmethod
    def from_sql_query(cls, *args: object, **kwargs: object) -> Self:
        """Not served: a workspace has no databases.

        Raises: UserErrorException.
        """
        raise UserErrorException(
            "from_sql_query is not supported: a workspace has no databases. Write the query's result to Parquet, "
            "upload it, and use from_parquet_files."
        )

    @classmethod
    def _from(cls, path: PathLike | Sequence[PathLike], validate: bool, **fields: Any) -> Self:
        paths, workspace = parse_paths(path)
        made = cls(DatasetDefinition(paths, **fields), workspace)
        if validate:
            made._sources()
        return made

    def to_pandas_dataframe(self, on_error: str = "null", out_of_range_datetime: str = "null") -> Any:
        """All rows as a pandas DataFrame.

        Args:
            on_error, out_of_range_datetime: kept for scripts that give them; values that cannot be converted stay text.
        Raises: UserErrorException when pandas (for Parquet also pyarrow) is not installed or a file cannot be read.
        """
        return frame_of(self._definition, self._sources(), int(time.time() * 1000))

    def take(self, count: int) -> Self:
        """The first rows."""
        return self._then(Step("take", count=_count(count)))

    def skip(self, count: int) -> Self:
        """All rows but the first."""
        return self._then(Step("skip", count=_count(count)))

    def take_sample(self, probability: float, seed: int | None = None) -> Self:
        """Each row with a probability of 0 to 1; the same ones for the same seed."""
        return self._then(Step("sample", fraction=_share(probability), seed=_seed(seed)))

    def random_split(self, percentage: float, seed: int | None = None) -> tuple[Self, Self]:
        """Two datasets that share no row and have all of them.

        Args:
            percentage: the share of the first one, 0 to 1.
            seed: the same rows for the same seed.
        """
        share, chosen = _share(percentage), _seed(seed)
        return (
            self._then(Step("part", seed=chosen, start=0.0, stop=share)),
            self._then(Step("part", seed=chosen, start=share, stop=1.0)),
        )

    def keep_columns(self, columns: str | Sequence[str], validate: bool = False) -> Self:
        """Only these columns.

        Args:
            validate: read the data to see whether they have them.
        """
        return self._checked(self._then(Step("keep", columns=_names(columns))), validate)

    def drop_columns(self, columns: str | Sequence[str]) -> Self:
        """All columns but these."""
        dropped = _names(columns)
        made = self._then(Step("drop", columns=dropped))
        kept = made._definition
        if kept.timestamp in dropped:
            return made._changed(timestamp="", coarse_timestamp="")
        return made._changed(coarse_timestamp="") if kept.coarse_timestamp in dropped else made

    def with_timestamp_columns(
        self,
        fine_grain_timestamp: str | None = None,
        coarse_grain_timestamp: str | None = None,
        validate: bool = False,
        *,
        timestamp: str | None = None,
        partition_timestamp: str | None = None,
    ) -> Self:
        """Say which column has the time of a row, and which a coarser one; None forgets them.

        Args:
            timestamp, partition_timestamp: the same two by their later names.
            validate: read the data to see whether they have them.
        """
        fine = fine_grain_timestamp or timestamp
        coarse = coarse_grain_timestamp or partition_timestamp
        if coarse and not fine:
            raise UserErrorException("A coarse timestamp needs a fine one too.")
        made = self._changed(timestamp=fine or "", coarse_timestamp=coarse or "")
        return self._checked(made, validate)

    @property
    def timestamp_columns(self) -> tuple[str | None, str | None]:
        """The columns with the fine and the coarse time of a row."""
        return self._definition.timestamp or None, self._definition.coarse_timestamp or None

    def time_before(self, end_time: datetime, include_boundary: bool = True) -> Self:
        """Rows up to a time."""
        return self._within("time_before", include_boundary, stop_ms=_ms(end_time))

    def time_after(self, start_time: datetime, include_boundary: bool = True) -> Self:
        """Rows from a time on."""
        return self._within("time_after", include_boundary, start_ms=_ms(start_time))

    def time_between(self, start_time: datetime, end_time: datetime, include_boundary: bool = True) -> Self:
        """Rows from one time to another."""
        return self._within("time_between", include_boundary, start_ms=_ms(start_time), stop_ms=_ms(end_time))

    def time_recent(self, time_delta: timedelta, include_boundary: bool = True) -> Self:
        """Rows of the latest past, counted back from when the data are read."""
        recent_ms = int(time_delta.total_seconds() * 1000)
        if recent_ms < 1:
            raise UserErrorException(f"time_recent needs a span of time, not {time_delta!r}.")
        return self._within("time_recent", include_boundary, recent_ms=recent_ms)

    def _within(self, method: str, inclusive: bool, **bounds: int) -> Self:
        column = self._definition.timestamp
        if not column:
            raise DatasetTimestampMissingError(
                f"{method} needs to know which column has the time of a row. Call "
                "with_timestamp_columns('column') first."
            )
        return self._then(Step("time", columns=[column], inclusive=inclusive, **bounds))

    def _then(self, step: Step) -> Self:
        return self._changed(steps=[*self._definition.steps, step])

    def _checked(self, made: Self, validate: bool) -> Self:
        if validate:
            frame = made.take(1).to_pandas_dataframe()
            for column in made.timestamp_columns:
                if column and column not in frame.columns:
                    raise UserErrorException(f"The data have no column {column!r}.")
        return made


def _names(columns: str | Sequence[str]) -> list[str]:
    names = [columns] if isinstance(columns, str) else list(columns)
    if not names:
        raise UserErrorException("Name at least one column.")
    return names


def _count(count: int) -> int:
    if count < 0:
        raise UserErrorException(f"A number of rows is not negative: {count}.")
    return int(count)


def _share(share: float) -> float:
    if not 0 <= share <= 1:
        raise UserErrorException(f"A share is between 0 and 1, not {share}.")
    return float(share)


def _seed(seed: int | None) -> int:
    return random.randrange(_SEEDS) if seed is None else abs(int(seed)) % _SEEDS


def _ms(moment: datetime) -> int:
    """Milliseconds since 1970; times without a zone count as UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)
