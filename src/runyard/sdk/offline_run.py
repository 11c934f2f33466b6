"""The run of a program that is no job: it prints what would have been logged."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.run_state import RUNNING


class OfflineRun:
    """Takes everything that a Run takes and keeps nothing; what reads answers what is empty."""

    def __init__(self) -> None:
        self.id = f"OfflineRun_{uuid.uuid4()}"
        self.name = self.id
        self.status = RUNNING
        self.type = None
        self.tags: dict[str, str] = {}
        self.properties: dict[str, str] = {}

    @property
    def experiment(self) -> Any:
        """There is none. Raises: UserErrorException."""
        raise UserErrorException(
            "This run is offline and has no experiment. Start one with Experiment(workspace, name).start_logging(), or "
            "submit the script; Run.get_context(allow_offline=False) fails where there is no run."
        )

    def log(self, name: str, value: Any, description: str = "", step: int | None = None) -> None:
        """Print a scalar."""
        _print("scalar", name, value)

    def log_list(self, name: str, value: Iterable[Any], description: str = "") -> None:
        """Print a list."""
        _print("list", name, list(value))

    def log_row(self, name: str, description: str | None = None, **kwargs: Any) -> None:
        """Print a row."""
        _print("row", name, kwargs)

    def log_table(self, name: str, value: Mapping[str, Sequence[Any]], description: str = "") -> None:
        """Print a table."""
        _print("table", name, value)

    def log_image(self, name: str, path: Any = None, plot: Any = None, description: str = "") -> None:
        """Print where an image is."""
        _print("image", name, path if path is not None else plot)

    def log_confusion_matrix(self, name: str, value: Any, description: str = "") -> None:
        """Print a chart."""
        _print("confusion matrix", name, value)

    def log_accuracy_table(self, name: str, value: Any, description: str = "") -> None:
        """Print a chart."""
        _print("accuracy table", name, value)

    def log_residuals(self, name: str, value: Any, description: str = "") -> None:
        """Print a chart."""
        _print("residuals", name, value)

    def log_predictions(self, name: str, value: Any, description: str = "") -> None:
        """Print a chart."""
        _print("predictions", name, value)

    def tag(self, key: str, value: str | None = None) -> None:
        """Nothing."""

    def child_run(self, name: str | None = None, run_id: str | None = None, outputs: Any = None) -> Self:
        """Another offline run."""
        return type(self)()

    def create_children(
        self, count: int | None = None, tag_key: str | None = None, tag_values: Sequence[str] | None = None
    ) -> list[Self]:
        """Other offline runs."""
        return [type(self)() for _ in range(count if count is not None else len(tag_values or ()))]

    def get_status(self) -> str:
        """Running."""
        return self.status

    def get_portal_url(self) -> str:
        """There is no page."""
        return ""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in _EMPTY:
            return lambda *args, **kwargs: _EMPTY[name]()
        raise AttributeError(f"An offline run has no {name}.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def __repr__(self) -> str:
        return f"Run(Id: {self.id})"


_NOTHING = frozenset(
    (
        *("set_tags", "remove_tags", "add_properties", "upload_file", "upload_files", "upload_folder"),
        *("start", "complete", "fail", "cancel", "flush", "register_model"),
    )
)
_EMPTY: Mapping[str, Callable[[], Any]] = {
    **dict.fromkeys(_NOTHING, lambda: None),
    **dict.fromkeys(("get_tags", "get_properties", "get_metrics", "get_details"), dict),
    **dict.fromkeys(("get_children", "get_file_names"), list),
}


def _print(kind: str, name: str, value: Any) -> None:
    print(f"Attempted to log {kind} metric {name}:\n{value}")
