"""The logs of a run: what it printed, while it runs and afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from runyard.client import terminal
from runyard.client.files import write_whole
from runyard.client.job_logs import Logs, MainLogs
from runyard.sdk.link import translated
from runyard.sdk.run_files import _inside
from runyard.sdk.run_handle import OWN
from runyard.sdk.run_metrics import RunMetrics


class RunLogs(RunMetrics):
    """Its log files."""

    def get_all_logs(self, destination: str | Path | None = None) -> list[str]:
        """Download all log files below a folder, the current one by default; returns their paths."""
        root = Path(destination) if destination is not None else Path.cwd()
        logs = self._logs()
        names = translated(logs.names)
        targets = [_inside(root, name) for name in names]
        for name, target in zip(names, targets, strict=True):
            translated(lambda name=name, target=target: write_whole(target, _bodies(logs, name), None, None))  # type: ignore[misc]
        return [str(target) for target in targets]

    def _logs(self) -> Logs:
        return Logs(self._link.connection, self.id)

    def _log_text(self, name: str) -> str:
        """A log's text; empty where it is gone."""
        return translated(lambda: self._logs().text(name))

    def _log_urls(self) -> dict[str, str]:
        """Where each log is read: the artifact, or what is there of it so far."""
        place = self.experiment.workspace.portal_url
        found = {}
        for one in translated(self._logs().listed):
            name = str(one["name"])
            if one.get("sealed"):
                found[name] = f"{place}/get-artifact?{urlencode({'run_id': self.id, 'path': name})}"
            else:
                found[name] = f"{place}{OWN}/{self.id}/logs/content?{urlencode({'name': name})}"
        return found


class LogStream:
    """Prints what was added to a run's main logs: how its environment was made, and what its script prints."""

    def __init__(self, logs: Logs) -> None:
        self._logs = MainLogs(logs)
        self._name = ""

    def print_more(self) -> None:
        """What came since the last time."""
        for name, text in translated(lambda: list(self._logs.more())):
            if name != self._name:
                self._name = name
                title = f"Streaming {name}"
                print(f"\n{title}\n{'=' * len(title)}\n")
            terminal.show(text)


def _bodies(logs: Logs, name: str) -> Iterator[bytes]:
    return (piece.body for piece in logs.pieces(name))
