"""Runs that are submitted to a server for its pages to show."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.acceptance.job_server import V1, JobServer

HOSTILE = "<img src=x onerror=\"document.title='owned'\"> \u202egnp.exe " + "long" * 40
RUNS = "/workspaces/default/experiments"
WAITS_FOR = """import pathlib, sys, time
gate = pathlib.Path(sys.argv[1])
print("\\033[32mready\\033[0m", flush=True)
line = 0
while not gate.exists():
    line += 1
    print("line", line, flush=True)
    time.sleep(0.2)
print("the gate is open", flush=True)
"""
"""Writes lines until the file exists that its first argument names."""


def snapshot(server: JobServer, files: Mapping[str, str]) -> str:
    """The id of sources that are kept."""
    contents = {path: text.encode() for path, text in files.items()}
    listed = [
        {"path": path, "sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
        for path, body in sorted(contents.items())
    ]
    by_hash = {hashlib.sha256(body).hexdigest(): body for body in contents.values()}
    while missing := (kept := server.ok("POST", "/snapshots", {"files": listed}))["missing"]:
        for one in missing:
            status, answer = server.process.call("PUT", f"{V1}/snapshot-blobs/{one}", by_hash[one])
            assert status == 200, answer
    return str(kept["snapshot_id"])


def submit_files(
    server: JobServer, target: str, files: Mapping[str, str], *arguments: str, **fields: Any
) -> str:
    """The run of a new job whose script is the first of the files."""
    definition = {"script": next(iter(files)), "arguments": list(arguments), **fields.pop("definition", {})}
    sources = snapshot(server, files)
    return server.submit(target, definition=definition, snapshot_id=sources, **fields)


def submit_waiting(server: JobServer, target: str, gate: Path, **fields: Any) -> str:
    """The run of a job that writes lines until a file is there."""
    return submit_files(server, target, {"train.py": WAITS_FOR}, str(gate), **fields)


def page_of(server: JobServer, run_id: str, rest: str = "") -> str:
    """Where Studio shows a run."""
    return f"{RUNS}/{server.job(run_id)['experiment_id']}/runs/{run_id}{rest}"
