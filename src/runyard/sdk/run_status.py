"""Where a run stands: its status, its details, and waiting for its end."""

from __future__ import annotations

import json
import re
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from runyard.client.errors import ServerUnreachable
from runyard.sdk.exceptions import ActivityFailedException, AzureMLException
from runyard.sdk.run_metrics import RunMetrics
from runyard.sdk.run_state import CANCELED, COMPLETED, FAILED, RUNNING, STORED, TERMINAL, state_of
from runyard.sdk.workspace_record import iso_time

POLL_S = 1.0
LOG_FOLDERS = ("azureml-logs/", "logs/", "user_logs/", "system_logs/")
TARGET_TAG = "runyard.target"
_DRIVER_LOG = re.compile(r"azureml-logs/(\d+)[\w.-]*\.txt|user_logs/std_log\.txt")


class RunStatus(RunMetrics):
    """Status, details, waiting.

    Attributes:
        submitted: ids of runs whose status belongs to the job that this program runs in.
    """

    submitted: ClassVar[set[str]] = set()

    @property
    def status(self) -> str:
        """NotStarted, Running, Completed, Failed or Canceled, as it is now."""
        return self.get_status()

    def get_status(self) -> str:
        """NotStarted, Running, Completed, Failed or Canceled; read again until it is one of the last three."""
        if state_of(self._document) not in TERMINAL:
            self._refresh()
        return state_of(self._document)

    def start(self) -> None:
        """The run begins."""
        self._set_status(RUNNING)

    def complete(self, _set_status: bool = True) -> None:
        """The run ended well; all that was logged is sent first.

        Raises: AzureMLException, when something that was logged could not be kept; the run has ended all the same.
        """
        self._end(COMPLETED, _set_status)

    def fail(
        self,
        error_details: str | BaseException | None = None,
        error_code: str | None = None,
        _set_status: bool = True,
    ) -> None:
        """The run ended badly.

        Args:
            error_details: what went wrong.
            error_code: a word for it, UserError by default.
        """
        body = {"code": error_code or "UserError", "message": _described(error_details)}
        self._channel.record("error", "error", body, None)
        self._end(FAILED, _set_status)

    def cancel(self) -> None:
        """The run ends before it is done."""
        if self.id in self.submitted:
            warnings.warn("This run belongs to a job; cancel the job to stop it.", stacklevel=2)
        self._end(CANCELED, True)

    def get_details(self) -> dict[str, Any]:
        """runId, target, status, times, properties, inputs, log files by name, and the error of a failed run."""
        self.flush()
        document = self._refresh()
        info = document["info"]
        details: dict[str, Any] = {
            "runId": self.id,
            "target": self._all_tags().get(TARGET_TAG, "sdk"),
            "status": state_of(document),
        }
        for key, field in (("startTimeUtc", "start_time"), ("endTimeUtc", "end_time")):
            if info.get(field):
                details[key] = iso_time(info[field])
        error = self._error()
        if error is not None and details["status"] == FAILED:
            details["error"] = {"error": error}
        details["properties"] = self.get_properties()
        details["inputDatasets"] = self.input_datasets
        details["logFiles"] = {name: self._file_url(name) for name in self._log_names()}
        return details

    def get_details_with_logs(self) -> dict[str, Any]:
        """As `get_details`, with the log files' contents instead of their addresses."""
        details = self.get_details()
        details["logFiles"] = {name: self._content(name) for name in details["logFiles"]}
        return details

    def get_all_logs(self, destination: str | Path | None = None) -> list[str]:
        """Download all log files below a folder, the current one by default; returns their paths."""
        root = Path(destination) if destination is not None else Path.cwd()
        for name in (names := list(self._log_names())):
            self.download_file(name, root / name)
        return [str(root / name) for name in names]

    @property
    def input_datasets(self) -> list[dict[str, Any]]:
        """What the run says that it read."""
        inputs = self._document.get("inputs", {}).get("dataset_inputs", [])
        return [{"dataset": one["dataset"], "tags": one.get("tags", [])} for one in inputs]

    def wait_for_completion(
        self,
        show_output: bool = False,
        wait_post_processing: bool = False,
        raise_on_error: bool = True,
    ) -> dict[str, Any]:
        """Wait until the run has ended; returns its details.

        Args:
            show_output: print the run's log as it grows.
            raise_on_error: raise ActivityFailedException when it failed.
        """
        log = LogStream(self) if show_output else None
        if show_output:
            print(f"RunId: {self.id}\nWeb View: {self.portal_url}\n", flush=True)
        while self.get_status() not in TERMINAL:
            if log is not None:
                log.print_more()
            time.sleep(POLL_S)
        if log is not None:
            log.print_more()
            print(
                f"\nExecution Summary\n=================\nRunId: {self.id}\nWeb View: {self.portal_url}\n",
                flush=True,
            )
        details = self.get_details()
        if details["status"] == FAILED and raise_on_error:
            error = json.dumps(details.get("error", {}), indent=4)
            raise ActivityFailedException(f"Activity Failed:\n{error}", error_details=error)
        return details

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.complete()
            return
        try:
            self.fail(error)
        except AzureMLException as exc:
            print(f"runyard: run {self.id} could not be ended: {exc.message}", file=sys.stderr)

    def _end(self, status: str, set_status: bool) -> None:
        try:
            self._upload_outputs()
            self._channel.sink.flush(must_send=False)
        finally:
            if set_status and (self.id not in self.submitted or status == CANCELED):
                self._set_status(status)

    def _set_status(self, status: str) -> None:
        end_ms = int(time.time() * 1000) if status in TERMINAL else None
        if self._channel.sink.change(STORED[status], end_ms):
            self._refresh()
            return
        self._info_as({"status": STORED[status], **({} if end_ms is None else {"end_time": end_ms})})

    def _upload_outputs(self) -> None:
        """Upload the files of the folder that was given as `outputs`, but those that are there already."""
        folder = Path(self._outputs) if self._outputs else None
        if folder is None or not folder.is_dir():
            return
        present = self._present()
        for file in sorted(one for one in folder.rglob("*") if one.is_file()):
            name = f"outputs/{file.relative_to(folder).as_posix()}"
            if name not in present and not self._channel.sink.file(name, file):
                self._put(name, file)

    def _present(self) -> set[str]:
        """The artifacts that are there, as far as there is a server to ask."""
        try:
            return set(self.get_file_names())
        except AzureMLException as exc:
            if isinstance(exc.inner_exception, ServerUnreachable):
                return set()
            raise

    def _error(self) -> dict[str, Any] | None:
        """The last error that was recorded."""
        found = [record.body for record in self._records("error") if record.kind == "error"]
        return dict(found[-1]) if found else None

    def _log_names(self) -> Iterator[str]:
        top = self._listing("")
        for folder in LOG_FOLDERS:
            if top.get(folder.rstrip("/")):
                yield from sorted(self._walk(folder.rstrip("/")))

    def _file_url(self, name: str) -> str:
        workspace = self.experiment.workspace.portal_url
        return f"{workspace}/get-artifact?{urlencode({'run_id': self.id, 'path': name})}"

    def _content(self, name: str) -> str:
        """A log's text; empty where it is gone."""
        try:
            return self._read(name)
        except AzureMLException:
            return ""


class LogStream:
    """Prints what was added to a run's main log: the one with the highest number."""

    def __init__(self, run: RunStatus) -> None:
        self._run = run
        self._name = ""
        self._printed = 0

    def print_more(self) -> None:
        """What came since the last time."""
        found = [name for name in self._run._log_names() if _DRIVER_LOG.fullmatch(name)]
        if not found:
            return
        name = max(found, key=_rank)
        if name != self._name:
            self._name, self._printed = name, 0
            title = f"Streaming {name}"
            print(f"{title}\n{'=' * len(title)}\n")
        text = self._run._content(name)
        print(text[self._printed :], end="", flush=True)
        self._printed = len(text)


def _rank(name: str) -> int:
    found = _DRIVER_LOG.fullmatch(name)
    return int(found[1]) if found is not None and found[1] else sys.maxsize


def _described(error: str | BaseException | None) -> str:
    if error is None:
        return ""
    if isinstance(error, BaseException):
        return "".join(traceback.format_exception_only(error)).strip()
    return str(error)
