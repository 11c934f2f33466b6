"""A stand-in for the server: it keeps what it takes, counts what comes twice, and fails on demand."""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from runyard.entities.journal import FileRecord, PointRecord, Record
from runyard.wire.journal import decode_record, frames

Refuse = Callable[[Record], tuple[str, str] | None]
FILES = "/api/2.0/mlflow-artifacts/artifacts/"


class Fault:
    """What happens to one request instead of an answer, or after the work was done.

    Args:
        status: the answer; 0: none, the connection is closed.
        late: the work is done all the same.
        only: part of the path of the requests that it concerns.
    """

    def __init__(
        self,
        status: int = 0,
        *,
        late: bool = False,
        headers: dict[str, str] | None = None,
        only: str = "/records",
    ) -> None:
        self.status = status
        self.late = late
        self.headers = headers or {}
        self.only = only


class StandIn:
    """Speaks the routes of journals, and as much of runs and artifacts as the sender needs."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.records: dict[str, list[tuple[int, Record]]] = {}
        self.refusals: dict[str, list[dict[str, Any]]] = {}
        self.files: dict[str, bytes] = {}
        self.uploaded: list[tuple[str, str, int]] = []  # path, journal and record of each
        self.beats: list[dict[str, Any]] = []
        self.log: list[tuple[str, str]] = []
        self.again: Counter[str] = Counter()
        """Records that came once more, by journal."""
        self.faults: deque[Fault] = deque()
        self.judge: Callable[[list[Record]], int] = lambda records: 200
        self.refuse: Refuse = lambda record: None
        self.tokens: set[str] | None = None
        self.principal = "me"
        self.hold_files = threading.Event()
        self.hold_files.set()
        self.hold = threading.Event()
        self.hold.set()
        self.delay_s = 0.0
        self.port = 0
        self._http: _Server | None = None
        self.up()

    @property
    def url(self) -> str:
        """Its address, the same after each start."""
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        """Listen."""
        handler = type("Handler", (_Handler,), {"standin": self})
        self._http = _Server(("127.0.0.1", self.port), handler)
        self.port = self._http.server_port
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def down(self) -> None:
        """Nobody listens, open connections break."""
        assert self._http is not None
        self._http.shutdown()
        self._http.server_close()
        self._http.close_all()
        self._http = None

    def stop(self) -> None:
        """For good."""
        self.hold_files.set()
        self.hold.set()
        if self._http is not None:
            self.down()

    def all(self) -> list[Record]:
        """Records of all journals, those that only passed over left out."""
        with self.lock:
            return [
                one for kept in self.records.values() for _, one in kept if not isinstance(one, FileRecord)
            ]

    def steps(self) -> list[int]:
        """The steps of all points, sorted."""
        return sorted(one.step for one in self.all() if isinstance(one, PointRecord))

    def take(self, journal: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """The records of a request."""
        found = list(frames(body))
        decoded = [(frame.seq, decode_record(frame)) for frame in found]
        status = self.judge([record for _, record in decoded])
        if status != 200:
            return status, {"error_code": "INVALID_PARAMETER_VALUE", "message": f"judged {status}"}
        with self.lock:
            kept = self.records.setdefault(journal, [])
            refused = self.refusals.setdefault(journal, [])
            applied = self.applied(journal)
            if decoded and decoded[0][0] > applied + 1:
                return 409, {"error_code": "JOURNAL_GAP", "message": "gap", "applied": applied}
            for seq, record in decoded:
                if seq <= applied:
                    self.again[journal] += 1
                    continue
                applied = seq
                told = self.refuse(record)
                if told is not None:
                    refused.append({"seq": seq, "code": told[0], "message": told[1]})
                    record = FileRecord("", "", "", 0)
                kept.append((seq, record))
            first = decoded[0][0] if decoded else 1
            return 200, {"applied": applied, "refused": [one for one in refused if one["seq"] >= first]}

    def applied(self, journal: str) -> int:
        """How far a journal was taken."""
        kept = self.records.get(journal)
        return kept[-1][0] if kept else 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open: set[Any] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def close_all(self) -> None:
        for one in list(self._open):
            try:
                one.shutdown(2)
            except OSError:
                pass

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Broken connections are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    standin: StandIn
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answered()

    def do_POST(self) -> None:
        self._answered()

    def do_PUT(self) -> None:
        self._answered()

    def log_message(self, *_: Any) -> None:
        pass

    def _answered(self) -> None:
        here = self.standin
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with here.lock:
            here.log.append((self.command, self.path))
            fault = next((one for one in here.faults if one.only in self.path), None)
            if fault is not None:
                here.faults.remove(fault)
        here.hold.wait(30)
        if here.delay_s:
            threading.Event().wait(here.delay_s)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if here.tokens is not None and token not in here.tokens:
            self._write(401, {"error_code": "UNAUTHENTICATED", "message": "The token is not taken."}, {})
            return
        if fault is not None and not fault.late:
            self._fail(fault)
            return
        status, answer = self._work(body)
        if fault is not None:
            self._fail(fault)
            return
        self._write(status, answer, {})

    def _fail(self, fault: Fault) -> None:
        if not fault.status:
            self.close_connection = True
            self.connection.shutdown(2)
            return
        self._write(fault.status, {"error_code": "", "message": f"fault {fault.status}"}, fault.headers)

    def _work(self, body: bytes) -> tuple[int, Any]:
        here, parts = self.standin, urlsplit(self.path)
        path = parts.path
        if path.startswith("/api/v1/journals/"):
            journal, _, rest = path.removeprefix("/api/v1/journals/").partition("/")
            if rest == "records":
                return here.take(journal, body)
            if rest == "beat":
                with here.lock:
                    here.beats.append({"journal": journal, **json.loads(body)})
                return 200, {}
            with here.lock:
                return 200, {"applied": here.applied(journal), "refused": here.refusals.get(journal, [])}
        if path.startswith(FILES):
            here.hold_files.wait(30)
            name = unquote(path.removeprefix(FILES))
            seq = int(self.headers.get("X-Runyard-Record", "0"))
            with here.lock:
                here.files[name] = body
                here.uploaded.append((name, self.headers.get("X-Runyard-Journal", ""), seq))
            return 200, {}
        if path == "/api/v1/me":
            return 200, {"principal": {"uuid": here.principal, "name": "someone"}}
        if path == "/api/2.0/mlflow/runs/get":
            run_id = parse_qs(parts.query)["run_id"][0]
            if run_id.startswith("absent"):
                return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No such run."}
            return 200, {"run": {"info": {"artifact_uri": f"mlflow-artifacts:/0/{run_id}/artifacts"}}}
        if path.startswith("/api/3.0/mlflow/traces/"):
            trace = path.rpartition("/")[2]
            tags = {"mlflow.artifactLocation": f"mlflow-artifacts:/0/traces/{trace}/artifacts"}
            return 200, {"trace": {"trace_info": {"tags": tags}}}
        if path.startswith("/api/2.0/mlflow/logged-models/"):
            model = path.rpartition("/")[2]
            return 200, {"model": {"info": {"artifact_uri": f"mlflow-artifacts:/0/models/{model}/artifacts"}}}
        return 404, {"error_code": "ENDPOINT_NOT_FOUND", "message": "No such route."}

    def _write(self, status: int, answer: Any, headers: dict[str, str]) -> None:
        content = msgspec.json.encode(answer)
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
