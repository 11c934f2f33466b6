"""Jobs on a Ray cluster, through its Jobs API."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from runyard.engines.bundle import runner_bundle
from runyard.engines.contracts import (
    EngineBusy,
    EngineRefused,
    EngineRequest,
    EngineState,
    EngineUnreachable,
    Phase,
    Ticket,
)
from runyard.engines.ray.answers import ENDED, RayJob, is_ghost, never_began, nodes_of, same_request, state_of
from runyard.engines.ray.http import RayHttp
from runyard.engines.ray.package import package
from runyard.engines.ray.request import job_request, shown, submission_id
from runyard.engines.shell.contracts import Reach
from runyard.entities.compute import Node
from runyard.entities.compute_settings import RaySettings

TAIL_BYTES = 64 * 1024
TIDY_S, TIDY_MOST_S = 3.0, 600.0
MOST_PENDING = 20  # that wait at Ray; others wait at the server, where they keep their order
_UNKNOWN = EngineState(Phase.UNKNOWN, "Ray does not know it any more")
_CANCELED = EngineState(Phase.ENDED, "it was canceled before Ray had room for it", "Canceled")
_AGAIN = EngineState(Phase.WAITING, "Ray found no room for it in time; it waits there again")
_JOBS = "/api/jobs/"


class RayEngine:
    """Ids are Ray's submission ids.

    Args:
        http: with the cluster's dashboard.
    """

    def __init__(self, http: RayHttp, settings: RaySettings) -> None:
        self._http = http
        self._settings = settings
        self._packing = asyncio.Lock()
        self._package: tuple[str, bytes] | None = None
        self._tidying: asyncio.Task[None] | None = None
        self._left: set[str] = set()  # removed, as soon as Ray lets them go
        self._stopped: set[str] = set()  # while they waited: Ray only notices when it has room for them

    def request(self, ticket: Ticket) -> EngineRequest:
        """The body that the Jobs API is given."""
        body = job_request(ticket, self._settings, self._packed()[0])
        return EngineRequest(f"POST {self._http.address}{_JOBS}\n{shown(body)}\n", body)

    async def submit(self, ticket: Ticket) -> str:
        """See Engine. Ray itself refuses the same id again."""
        body = self.request(ticket).payload
        await self._uploaded()
        await self._room()
        return await self._submit(body)

    async def find(self, run_ids: Sequence[str]) -> Mapping[str, str]:
        """See Engine."""
        jobs = await self._jobs()
        names = {run_id: submission_id(run_id) for run_id in run_ids}
        return {run_id: name for run_id, name in names.items() if name in jobs}

    async def states(self, engine_ids: Sequence[str]) -> Mapping[str, EngineState]:
        """See Engine. What Ray gave up because it had no room in a quarter of an hour is handed to it again."""
        if not engine_ids:
            return {}
        jobs = await self._jobs()
        self._stopped.intersection_update(name for name, job in jobs.items() if job.status == "PENDING")
        found: dict[str, EngineState] = {}
        for name in engine_ids:
            job = jobs.get(name)
            if job is None:
                found[name] = _UNKNOWN
            elif name in self._stopped:
                found[name] = _CANCELED
            elif never_began(job):
                found[name] = await self._again(name, job)
            else:
                found[name] = state_of(job)
        return found

    async def cancel(self, engine_id: str) -> None:
        """See Engine."""
        job = await self._job(engine_id)
        if job is None or job.status in ENDED:
            return
        await self._asked("POST", f"{_path(engine_id)}/stop", b"{}", absent=(404,))
        if job.status == "PENDING":
            self._stopped.add(engine_id)

    async def tail(self, engine_id: str) -> str:
        """What the runner and Ray wrote for the job."""
        content = await self._asked("GET", f"{_path(engine_id)}/logs", absent=(404, 500))
        try:
            text = str(json.loads(content or b"{}").get("logs") or "")
        except (ValueError, AttributeError, RecursionError):
            return ""
        return text.encode(errors="replace")[-TAIL_BYTES:].decode(errors="ignore")

    async def nodes(self) -> Sequence[Node]:
        """Those of the cluster's state API; `running` counts jobs, not Ray's tasks."""
        content = await self._asked("GET", "/api/v0/nodes?detail=true&limit=10000")
        jobs = await self._jobs()
        try:
            return nodes_of(json.loads(content), list(jobs.values()))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as exc:
            raise EngineUnreachable(
                f"{self._http.address} answers otherwise than a Ray dashboard: {exc}"
            ) from exc

    async def forget(self, engine_id: str) -> None:
        """Ray's record of the job and its log are removed; one that Ray still waits with, when it has noticed."""
        self._left.add(engine_id)
        await self._removed(engine_id)
        if self._tidying is None or self._tidying.done():
            self._tidying = asyncio.create_task(self._tidy())

    async def aclose(self) -> None:
        """No connection stays open between requests."""
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.gather(self._tidying, return_exceptions=True)

    async def _tidy(self) -> None:
        """What can only be removed when Ray has noticed that it has ended."""
        pause_s = TIDY_S
        while pause_s < TIDY_MOST_S:
            await asyncio.sleep(pause_s)
            with contextlib.suppress(EngineUnreachable, EngineRefused):
                await self._jobs()
            if not self._left:
                return
            pause_s *= 1.5

    async def _removed(self, name: str) -> None:
        status, content = await self._http.send("DELETE", _path(name))
        if status in (200, 404):
            self._left.discard(name)
        elif status != 500 or b"non-terminal" not in content:
            raise _failure(status, content.decode(errors="replace"))

    def _packed(self) -> tuple[str, bytes]:
        if self._package is None:
            self._package = package(runner_bundle()[0])
        return self._package

    async def _uploaded(self) -> None:
        """The package is at Ray, which drops what no job needs: it is asked each time, and keeps it for a while then."""
        name, content = self._packed()
        path = f"/api/packages/gcs/{name}"
        async with self._packing:
            status, _ = await self._http.send("GET", path)
            if status != 200:
                await self._asked("PUT", path, content, kind="application/octet-stream")

    async def _room(self) -> None:
        """Raises: EngineBusy, while many wait there already."""
        jobs = await self._jobs()
        pending = sum(
            1 for name, job in jobs.items() if job.status == "PENDING" and name not in self._stopped
        )
        if pending >= MOST_PENDING:
            raise EngineBusy(f"{pending} jobs wait for room on the Ray cluster")

    async def _submit(self, body: Mapping[str, Any]) -> str:
        name = str(body["submission_id"])
        status, content = await self._http.send("POST", _JOBS, json.dumps(body).encode())
        if status == 200:
            return name
        said = content.decode(errors="replace")
        if "already exists" in said:
            return name
        if status == 400:
            raise EngineRefused(f"Ray refused the job: {_last_line(said)}")
        raise _failure(status, said)  # `No available agent` is for a cluster that has just been started

    async def _again(self, name: str, job: RayJob) -> EngineState:
        """Hand over what Ray gave up. It never ran, so that its code is still good."""
        body = same_request(job)
        await self._uploaded()
        await self._asked("DELETE", _path(name), absent=(404,))
        await self._submit(body)
        return _AGAIN

    async def _jobs(self) -> Mapping[str, RayJob]:
        """Those that were submitted, by id."""
        content = await self._asked("GET", _JOBS)
        try:
            listed = msgspec.json.decode(content, type=list[RayJob])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise EngineUnreachable(
                f"{self._http.address} answers otherwise than a Ray dashboard: {exc}"
            ) from exc
        found = {job.submission_id: job for job in listed if job.submission_id}
        over = {name for name, job in found.items() if name in self._left and job.status in ENDED}
        for name in over | {name for name, job in found.items() if is_ghost(job)}:
            del found[name]
            await self._removed(name)
        self._left.intersection_update(found)
        return found

    async def _job(self, engine_id: str) -> RayJob | None:
        content = await self._asked("GET", _path(engine_id), absent=(404,))
        if not content:
            return None
        try:
            return msgspec.json.decode(content, type=RayJob)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise EngineUnreachable(
                f"{self._http.address} answers otherwise than a Ray dashboard: {exc}"
            ) from exc

    async def _asked(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        absent: Sequence[int] = (),
        kind: str = "application/json",
    ) -> bytes:
        """The content of the answer; empty for a status that means that there is none. Raises: EngineUnreachable."""
        status, content = await self._http.send(method, path, body, kind)
        if status == 200:
            return content
        if status in absent:
            return b""
        raise _failure(status, content.decode(errors="replace"))


def open_ray(settings: RaySettings, credentials: Mapping[str, Any], reach: Reach) -> RayEngine:
    """Nothing is sent yet. Raises: EngineRefused."""
    headers = {**settings.headers, **credentials.get("headers", {})}
    return RayEngine(RayHttp(settings.address, headers, reach.connect), settings)


def _failure(status: int, said: str) -> Exception:
    if status in (401, 403):
        return EngineRefused(
            f"Ray does not let the server in (HTTP status {status}): its credentials need another Authorization header."
        )
    return EngineUnreachable(f"Ray answered with HTTP status {status}: {_last_line(said)}")


def _path(engine_id: str) -> str:
    return f"{_JOBS}{quote(engine_id, safe='')}"


def _last_line(said: str) -> str:
    """Of a traceback the last line says what it was."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return (lines[-1] if lines else "it gave no reason")[-500:]
