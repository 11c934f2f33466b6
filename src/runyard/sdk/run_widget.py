"""A run that is watched: its status and charts of its metrics, drawn again until it has ended."""

from __future__ import annotations

import html
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Protocol

from runyard.sdk.exceptions import AzureMLException
from runyard.sdk.line_chart import COLORS, WIDTH, legend, line_chart
from runyard.sdk.run import Run
from runyard.sdk.run_series import Series, read_series
from runyard.sdk.run_state import TERMINAL, state_of

POLL_S = 2.0
MOST_METRICS = 50
MOST_CHARTS = 12
PLACES = 280
OF_MACHINES = "system/"


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
        """What is shown: the run's status and, by name, the values of the metrics at up to some hundred places."""
        status, series, _ = self._read()
        return {"status": status, "metrics": {name: list(one.last) for name, one in series.items()}}

    def html(self) -> str:
        """The run as it is now: no script in it, and nothing that it loads."""
        status, series, more = self._read()
        charts = list(_charts(series))
        drawn = "".join(_chart(name, lines) for name, lines in charts[:MOST_CHARTS])
        more += sum(len(lines) for _, lines in charts[MOST_CHARTS:])
        return (
            f'{self._run._repr_html_()}<div style="display:flex;flex-wrap:wrap;gap:8px 20px;margin-top:8px">{drawn}</div>'
            f'<div style="margin-top:6px;font-size:smaller">{_footnote(status, more)}'
            f'<a href="{html.escape(self._run.portal_url, quote=True)}" target="_blank" rel="noopener">'
            "Open the run in Studio</a></div>"
        )

    def _read(self) -> tuple[str, dict[str, Series], int]:
        """The status, the lines of the first metrics, and how many more there are."""
        document = self._run._refresh()
        names = [str(one["key"]) for one in document["data"].get("metrics", [])]
        first = sorted(names, key=lambda name: name.startswith(OF_MACHINES))[:MOST_METRICS]
        return (
            state_of(document),
            read_series(self._run._link, self._run.id, first, PLACES),
            len(names) - len(first),
        )

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


def _charts(series: Mapping[str, Series]) -> Iterator[tuple[str, dict[str, Series]]]:
    """Which lines share a chart: `train/loss` and `val/loss` are seen best together. What machines do comes last."""
    groups: dict[str, dict[str, Series]] = {}
    for name, one in series.items():
        title = name if name.startswith(OF_MACHINES) else name.rpartition("/")[2]
        groups.setdefault(title, {})[name] = one
    for title, lines in groups.items():
        rest = iter(lines.items())
        while some := dict(islice(rest, len(COLORS))):
            yield (title if len(some) > 1 else next(iter(some))), some


def _chart(title: str, lines: Mapping[str, Series]) -> str:
    return (
        f'<div style="width:{WIDTH}px"><div style="font-weight:600;overflow-wrap:anywhere">{html.escape(title)}</div>'
        f'{line_chart(lines)}<div style="font-size:smaller;overflow-wrap:anywhere">{legend(lines)}</div></div>'
    )


def _footnote(status: str, more: int) -> str:
    others = f"{more} more {'metric' if more == 1 else 'metrics'}. " if more else ""
    live = (
        "" if status in TERMINAL else f"Drawn at {time.strftime('%H:%M:%S')}, and again until it has ended. "
    )
    return others + live


def _in_a_kernel() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and hasattr(shell, "kernel")
