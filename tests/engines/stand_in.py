"""What a runner needs of a server, for tests of engines alone: jobs are told what to do, logs are taken."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.engines.tickets import CODE, TOKEN


@dataclass
class Asked:
    """What has happened to one job.

    Attributes:
        begun: what each rank said when it began. ends: what was said at the end, by rank.
    """

    command: Sequence[str]
    node_count: int = 1
    cancel: bool = False
    claimed: int = 0
    begun: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    ends: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    logs: dict[str, bytes] = field(default_factory=dict)
    bad_tokens: list[str] = field(default_factory=list)

    @property
    def log(self) -> str:
        """What the script of the first rank said."""
        return self.logs.get("user_logs/std_log.txt", b"").decode()


class StandIn:
    """Jobs by run id. `url`: where runners report to."""

    def __init__(self) -> None:
        self.url = ""
        self.jobs: dict[str, Asked] = {}
        self.lock = threading.Lock()

    def add(self, run_id: str, *command: str, **more: Any) -> Asked:
        """A job that runs a command."""
        self.jobs[run_id] = Asked(command, **more)
        return self.jobs[run_id]

    def answer(self, path: str, query: Mapping[str, list[str]], body: bytes, token: str) -> Any:
        """What the server says; None: there is no such thing."""
        words = path.split("/")
        if "jobs" not in words and "runs" not in words:
            return None
        place = words.index("jobs" if "jobs" in words else "runs")
        job, what = self.jobs.get(words[place + 1]), words[-1]
        if job is None:
            return None
        if what == "claim":
            job.claimed += 1
            return {"token": TOKEN} if json.loads(body) == {"code": CODE} else None
        if token != f"Bearer {TOKEN}":
            job.bad_tokens.append(token)
            return None
        if what == "content":
            return job.logs.get(query["name"][0])
        if what == "log-appends":
            return self._append(job, query, body)
        told = json.loads(body or b"{}")
        if what == "begin":
            job.begun[told["rank"]] = told
            return self._orders(job)
        if what == "end":
            ranks = {begun["attempt"]: rank for rank, begun in job.begun.items()}
            job.ends[ranks[told["attempt"]]] = told
        return {"cancel": job.cancel, "interval_s": 0.5}

    def _append(self, job: Asked, query: Mapping[str, list[str]], body: bytes) -> Any:
        name, offset = query["name"][0], int(query["offset"][0])
        known = job.logs.get(name, b"")
        if offset <= len(known):
            job.logs[name] = known[:offset] + body
        return {"size": len(job.logs.get(name, b""))}

    def _orders(self, job: Asked) -> Any:
        definition = {"command": list(job.command), "node_count": job.node_count, "outputs": []}
        return {
            "definition": definition,
            "cancel": job.cancel,
            "interval_s": 0.5,
            "max_seconds": 600,
            "env": {},
        }


_NO = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no"}


@contextlib.contextmanager
def stand_in() -> Iterator[StandIn]:
    """Run one until the block ends."""
    told = StandIn()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            with told.lock:
                answer = told.answer(
                    parts.path, parse_qs(parts.query), body, self.headers.get("authorization") or ""
                )
            content = answer if isinstance(answer, bytes) else json.dumps(answer or _NO).encode()
            self.send_response(200 if answer is not None else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield told
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
