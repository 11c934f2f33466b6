"""A run that is watched: its status and metrics, drawn again until it has ended."""

from __future__ import annotations

import html
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from runyard.sdk.exceptions import AzureMLException
from runyard.sdk.run import Run
from runyard.sdk.run_state import TERMINAL, state_of
from runyard.sdk.scalars import metric_number
from runyard.sdk.sparkline import sparkline

SAMPLED = "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval"
POLL_S = 2.0
MOST_METRICS = 20
POINTS = 100


class _Handle(Protocol):
    """What IPython gives back for something that is displayed."""

    def update(self, shown: object) -> None: ...


class _Html:
    """Something that a notebook shows as HTML and a terminal as text."""

    def __init__(self, run: Run, text: str) -> None:
        self._run = run
        self._text = text

    def _repr_html_(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return repr(self._run)


class RunDetails:
    """Watches a run in a notebook; in a terminal it prints the run."""

    def __init__(self, run_instance: Run) -> None:
        self._run = run_instance
        self._watcher: threading.Thread | None = None

    def show(self, render_lib: object = None, widget_settings: object = None) -> None:
        """Show the run. It is drawn again, while other cells run, until it has ended.

        Args:
            render_lib, widget_settings: kept for scripts that give them.
        """
        notebook = sys.modules.get("IPython.display")
        if notebook is None or not _in_a_kernel():
            print(self._run)
            return
        handle = notebook.display(_Html(self._run, self.html()), display_id=True)
        if handle is not None and state_of(self._run._document) not in TERMINAL:
            self._watcher = threading.Thread(target=self._watch, args=(handle,), daemon=True)
            self._watcher.start()

    def get_widget_data(self) -> dict[str, Any]:
        """What is shown: the run's status and the sampled metrics by name."""
        document = self._run._refresh()
        names = [one["key"] for one in document["data"].get("metrics", [])][:MOST_METRICS]
        return {"status": state_of(document), "metrics": {name: self._sampled(name) for name in names}}

    def html(self) -> str:
        """The run as it is now."""
        data = self.get_widget_data()
        return self._run._repr_html_() + _rows(data["metrics"])

    def _sampled(self, name: str) -> list[float]:
        answer = self._run._link.get(SAMPLED, run_ids=self._run.id, metric_key=name, max_results=POINTS)
        return [metric_number(one["value"]) for one in answer.get("metrics", [])]

    def _watch(self, handle: _Handle) -> None:
        ended = False
        while not ended:
            threading.Event().wait(POLL_S)
            try:
                shown = _Html(self._run, self.html())
            except AzureMLException:
                continue  # the server may come back
            handle.update(shown)
            ended = state_of(self._run._document) in TERMINAL


def _rows(metrics: Mapping[str, Sequence[float]]) -> str:
    lines = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{values[-1]:g}</td><td>{sparkline(values)}</td></tr>"
        for name, values in metrics.items()
        if values
    )
    return f"<table><tr><th>Metric</th><th>Last</th><th></th></tr>{lines}</table>" if lines else ""


def _in_a_kernel() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and hasattr(shell, "kernel")
