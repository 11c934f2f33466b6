"""Where a run stands: its status, its details, and waiting for its end."""

from __future__ import annotations

import json
import sys
import time
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from runyard.client.errors import ServerUnreachable
from runyard.sdk.exceptions import ActivityFailedException, AzureMLException
from runyard.sdk.run_job import RunJob
from runyard.sdk.run_logs import LogStream
from runyard.sdk.run_state import CANCELED, COMPLETED, FAILED, RUNNING, STORED, TERMINAL, state_of
from runyard.sdk.workspace_record import iso_time

POLL_S = 1.0
AWAY_S = 600.0  # that a server may be away while somebody waits for a run


class RunStatus(RunJob):
    """Status, details, waiting.

    Attributes:
        submitted: ids of runs whose status belongs to the job that this program runs in.
    """

    submitted: ClassVar[set[str]] = set()

    @property
    def status(self) -> str:
        """As `get_status`."""
        return self.get_status()

    def get_status(self) -> str:
        """NotStarted, Running, Completed, Failed or Canceled; read again until it is one of the last three.

        A submitted run has more on its way: Starting, Queued, Preparing, Running, Finalizing, CancelRequested, NotResponding.
        """
        if state_of(self._document) not in TERMINAL:
            self._refresh()
        if state_of(self._document) in TERMINAL or not self._is_submitted:
            return state_of(self._document)
        job = self._job()
        if job is None:
            return state_of(self._document)
        if job["state"] in TERMINAL:
            self._refresh()
        return str(job["state"])

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
        """The run ends before it is done; a submitted one is stopped on its target."""
        if self.id in self.submitted:
            warnings.warn("This run belongs to a job, which is told to stop.", stacklevel=2)
        elif self._cancel_job():
            return
        self._end(CANCELED, True)

    def get_details(self) -> dict[str, Any]:
        """runId, target, status, times, properties, inputs, log files by name, and the error of a failed run.

        Of a submitted run also submittedBy, runDefinition and warnings.
        """
        self.flush()
        document, job = self._refresh(), self._job() if self._is_submitted else None
        info = document["info"]
        details: dict[str, Any] = {
            "runId": self.id,
            "target": self._target(job),
            "status": state_of(document) if job is None else str(job["state"]),
        }
        for key, field in (("startTimeUtc", "start_time"), ("endTimeUtc", "end_time")):
            if info.get(field):
                details[key] = iso_time(info[field])
        error = self._error(job) if details["status"] == FAILED else None
        if error is not None:
            details["error"] = {"error": error}
        details["properties"] = self.get_properties()
        details["inputDatasets"] = self.input_datasets
        details |= self._job_details(job)
        details["logFiles"] = self._log_urls()
        return details

    def get_details_with_logs(self) -> dict[str, Any]:
        """As `get_details`, with the log files' contents instead of their addresses."""
        details = self.get_details()
        details["logFiles"] = {name: self._log_text(name) for name in details["logFiles"]}
        return details

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
        log = LogStream(self._logs()) if show_output else None
        if log is not None:
            print(f"RunId: {self.id}\nWeb View: {self.portal_url}\n", flush=True)
        while not self._has_ended(log):
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

    def _has_ended(self, log: LogStream | None) -> bool:
        """Look once, and print what came. A server that is away, for instance because it restarts, is waited for."""
        since = time.monotonic()
        while True:
            try:
                ended = self.get_status() in TERMINAL
                if log is not None and not ended:
                    log.print_more()
                return ended
            except AzureMLException as exc:
                away = time.monotonic() - since
                if not isinstance(exc.inner_exception, ServerUnreachable) or away > AWAY_S:
                    raise
                time.sleep(POLL_S)

    def _error(self, job: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The error of the job, or the last one that was recorded."""
        if job is not None and job.get("error"):
            return {key: value for key, value in job["error"].items() if value is not None}
        found = [record.body for record in self._records("error") if record.kind == "error"]
        return dict(found[-1]) if found else None


def _described(error: str | BaseException | None) -> str:
    if error is None:
        return ""
    if isinstance(error, BaseException):
        return "".join(traceback.format_exception_only(error)).strip()
    return str(error)
