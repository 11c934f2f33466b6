"""What a run logs: scalars, lists, rows, tables, images and charts."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from runyard.sdk.chart_values import checked_chart
from runyard.sdk.exceptions import AzureMLException, UserErrorException
from runyard.sdk.run_files import RunFiles
from runyard.sdk.scalars import is_scalar, plain, to_json

CELLS_IN_ONE = 2_000
CHARS_IN_ONE = 500_000
NAME_LIMIT = 500


class Plot(Protocol):
    """matplotlib.pyplot or a figure."""

    def savefig(self, fname: Any, *args: Any, **kwargs: Any) -> Any: ...


class RunLogging(RunFiles):
    """The log methods. Each returns at once; what was logged is sent soon, and by `flush`, reads and `complete`."""

    def log(self, name: str, value: Any, description: str = "", step: int | None = None) -> None:
        """One value of a metric: a number, text, a boolean or None; other objects are kept as their repr.

        Args:
            step: of a number; by default one more than the last.
        Raises: UserErrorException for lists; log_list takes those.
        """
        if not is_scalar(value):
            raise UserErrorException(
                f"Metric {name!r}: a {type(value).__name__} is not one value. Use log_list for a list, log_row or "
                "log_table for a dict."
            )
        self._channel.scalar(_checked_name(name), plain(value), description, step)

    def log_list(self, name: str, value: Iterable[Any], description: str = "") -> None:
        """A list of values, generators and arrays included; a second list of the name continues the first."""
        if is_scalar(value):
            raise UserErrorException(f"Metric {name!r}: log_list needs a list; use log for one value.")
        cells = [to_json(plain(one)) for one in value]
        for part in _pieces(cells):
            self._channel.record(_checked_name(name), "list", {"value": part}, description)

    def log_row(self, name: str, description: str | None = None, **kwargs: Any) -> None:
        """One row of a table; each keyword is a column with one value."""
        if not kwargs:
            raise UserErrorException(f"Metric {name!r}: log_row needs at least one column, such as x=1.")
        for column, value in kwargs.items():
            if not is_scalar(value):
                raise UserErrorException(
                    f"Metric {name!r}: column {column!r} of a row holds one value, not a {type(value).__name__}. "
                    "Use log_table for columns of several."
                )
        columns = {column: to_json(plain(value)) for column, value in kwargs.items()}
        self._channel.record(_checked_name(name), "row", {"columns": columns}, description)

    def log_table(self, name: str, value: Mapping[str, Sequence[Any]], description: str = "") -> None:
        """A table: column → values, all of the same length; rows that follow are added to it.

        Raises: TypeError when a column is no list, AzureMLException when the columns are of several lengths.
        """
        for column, found in value.items():
            if is_scalar(found):
                raise TypeError(
                    f"Metric {name!r}: column {column!r} of a table must be a list, not a {type(found).__name__}."
                )
        columns = {column: [to_json(plain(one)) for one in found] for column, found in value.items()}
        heights = {column: len(found) for column, found in columns.items()}
        if len(set(heights.values())) > 1:
            raise AzureMLException(
                f"Metric {name!r}: the columns of a table are of one length, not {heights}."
            )
        rows = list(zip(*columns.values(), strict=True))
        for part in _pieces(rows):
            some = dict(zip(columns, map(list, zip(*part, strict=True)), strict=True))
            self._channel.record(_checked_name(name), "table", {"columns": some}, description)

    def log_image(
        self,
        name: str,
        path: str | Path | None = None,
        plot: Plot | None = None,
        description: str = "",
    ) -> None:
        """An image: a file, or a matplotlib plot. It is uploaded as an artifact before this returns."""
        if (path is None) == (plot is None):
            raise UserErrorException(
                f"Metric {name!r}: log_image needs either path or plot, and not both of them."
            )
        if path is not None:
            self._log_artifact(name, "image", Path(path), _free_name(Path(path).as_posix()), description)
            return
        assert plot is not None
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"{_file_name(name)}_{int(time.time())}.png"
            plot.savefig(str(file))
            self._log_artifact(name, "image", file, file.name, description)

    def log_confusion_matrix(self, name: str, value: str | Mapping[str, Any], description: str = "") -> None:
        """A confusion matrix: schema_type, schema_version and data {class_labels, matrix}, as a dict or JSON."""
        self._log_chart(name, "confusion_matrix", value, description)

    def log_accuracy_table(self, name: str, value: str | Mapping[str, Any], description: str = "") -> None:
        """An accuracy table: data {probability_tables, percentile_tables, probability_thresholds,
        percentile_thresholds, class_labels}.
        """
        self._log_chart(name, "accuracy_table", value, description)

    def log_residuals(self, name: str, value: str | Mapping[str, Any], description: str = "") -> None:
        """Residuals: data {bin_edges, bin_counts}."""
        self._log_chart(name, "residuals", value, description)

    def log_predictions(self, name: str, value: str | Mapping[str, Any], description: str = "") -> None:
        """Predictions: data {bin_averages, bin_errors, bin_counts, bin_edges}."""
        self._log_chart(name, "predictions", value, description)

    def _log_chart(self, name: str, kind: str, value: str | Mapping[str, Any], description: str) -> None:
        chart = checked_chart(kind, value)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"{_file_name(name)}_{int(time.time())}.json"
            file.write_text(json.dumps(chart), encoding="utf-8")
            self._log_artifact(name, kind, file, file.name, description)

    def _log_artifact(self, name: str, kind: str, file: Path, target: str, description: str) -> None:
        """Upload a file, under a name that is free, and record where it is."""
        _checked_name(name)
        stored = self._upload_beside(target, file)
        self._channel.record(name, kind, {"artifact": self._artifact_address(stored)}, description)


def _checked_name(name: str) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= NAME_LIMIT or "\0" in name:
        raise UserErrorException(
            f"A metric's name is text of 1 to {NAME_LIMIT} characters, not {name!r:.100}."
        )
    return name


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.\- ]", "_", name)[:100] or "_"


def _free_name(path: str) -> str:
    """A path as the name of an artifact: relative, with nothing that leads upwards."""
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..", ".") and ":" not in part]
    absolute = path.startswith(("/", "..")) or ":" in path[:3]
    return parts[-1] if absolute else "/".join(parts)


def _pieces(items: list[Any]) -> Iterable[list[Any]]:
    """Items in parts that each fit into one record."""
    part: list[Any] = []
    chars = 0
    for item in items:
        size = len(json.dumps(item))
        if part and (len(part) == CELLS_IN_ONE or chars + size > CHARS_IN_ONE):
            yield part
            part, chars = [], 0
        part.append(item)
        chars += size
    if part:
        yield part
