"""Rows about proxied artifacts: one big file both ways against a plain socket copy, and many small files."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench import wire
from bench.load import Load, ask, drive, get, put, sending
from bench.servers import Server
from bench.suite import Suite, metered

CONNECTIONS = 8
SMALL_BYTES = 4096
_PIECE = 1 << 18
_MIB = 1 << 20


def big_file(suite: Suite) -> None:
    """One file up and down over one connection, the servers in turn, and the same bytes over a bare socket."""
    size = suite.scale.big_file_bytes
    source = suite.scratch / "big.bin"
    _write_random(source, size)
    _record_copy(suite, source)
    for server in suite.servers:
        if not server.proxies_artifacts:
            for row in ("upload", "download"):
                suite.record(row, server.name, absent="FastTrackML does not proxy artifacts")
            continue
        path = f"{_root(server, wire.new_run(server))}/big.bin"
        _measure(suite, server, "upload", size, partial(_upload, server, path, source))
        _measure(suite, server, "download", size, partial(_download, server, path, size))
    source.unlink()


def _write_random(path: Path, size: int) -> None:
    piece = os.urandom(_MIB)
    with path.open("wb") as out:
        for _ in range(size // _MIB):
            out.write(piece)


def _root(server: Server, run_id: str) -> str:
    """The proxied path of a run's artifacts."""
    answer = ask(server.address, get(f"{server.api}/runs/get", run_id=run_id))
    uri: str = answer.json()["run"]["info"]["artifact_uri"]  # type: ignore[index]
    return "/api/2.0/mlflow-artifacts/artifacts/" + uri.split(":", 1)[1].lstrip("/")


def _measure(suite: Suite, server: Server, row: str, size: int, work: Callable[[], Load]) -> None:
    server.tree.reset_high_water()
    resting = server.tree.high_water_bytes()
    cost = metered(server, work)
    suite.record(
        row,
        server.name,
        mib_per_s=size / _MIB / cost.load.wall_s,
        cpu_s_per_gib=cost.cpu_s / (size / (1 << 30)),
        grown_mib=(server.tree.high_water_bytes() - resting) / _MIB,
        units=float(size),
    )


def _upload(server: Server, path: str, source: Path) -> Load:
    begun = time.perf_counter()
    with socket.create_connection(server.address, timeout=300) as link, source.open("rb") as file:
        lines = [f"PUT {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {source.stat().st_size}"]
        link.sendall(("\r\n".join([*lines, "Content-Type: application/octet-stream"]) + "\r\n\r\n").encode())
        link.sendfile(file)
        _expect_200(link.recv(4096))
    return Load(time.perf_counter() - begun, latencies_s=[0.0])


def _download(server: Server, path: str, size: int) -> Load:
    begun = time.perf_counter()
    with socket.create_connection(server.address, timeout=300) as link:
        link.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        first = link.recv(65536)
        _expect_200(first)
        got = len(first) + _drain(link, size)
    if got < size:
        raise RuntimeError(f"{server.name} sent {got} of {size} bytes")
    return Load(time.perf_counter() - begun, latencies_s=[0.0])


def _expect_200(answer: bytes) -> None:
    if answer[9:12] != b"200":
        raise RuntimeError(f"artifact request was answered {answer[:300]!r}")


def _drain(link: socket.socket, wanted: int) -> int:
    """Reads and drops until `wanted` bytes have come or the other side closes; returns the count."""
    buffer, got = bytearray(_PIECE), 0
    while got < wanted and (n := link.recv_into(buffer)):
        got += n
    return got


def _record_copy(suite: Suite, source: Path) -> None:
    """The bound: sendfile into a loopback socket; the receiver writes and fsyncs a file (up) or drops it (down)."""
    size = source.stat().st_size
    for row, target in (("upload", suite.scratch / "copy.bin"), ("download", None)):
        seconds = min(_copy(source, target) for _ in range(2))
        suite.record(row, "socket copy", mib_per_s=size / _MIB / seconds)
    (suite.scratch / "copy.bin").unlink()


def _copy(source: Path, target: Path | None) -> float:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        begun = time.perf_counter()
        sender = threading.Thread(target=_send, args=(listener.getsockname(), source))
        sender.start()
        link, _ = listener.accept()
        with link:
            if target is None:
                _drain(link, source.stat().st_size)
            else:
                _receive(link, target)
        sender.join()
        return time.perf_counter() - begun


def _send(address: tuple[str, int], source: Path) -> None:
    with socket.create_connection(address) as link, source.open("rb") as file:
        link.sendfile(file)


def _receive(link: socket.socket, target: Path) -> None:
    buffer = bytearray(_PIECE)
    view = memoryview(buffer)
    with target.open("wb") as out:
        while n := link.recv_into(buffer):
            out.write(view[:n])
        out.flush()
        os.fsync(out.fileno())


def small_files(suite: Suite) -> None:
    """Files of 4 KiB up, then down, over eight connections."""
    count, body = suite.scale.small_files, os.urandom(SMALL_BYTES)
    for server in suite.servers:
        if not server.proxies_artifacts:
            continue
        root = _root(server, wire.new_run(server))
        wanted = count if server.name == "runyard" else count // 2
        ups = [sending(_puts(root, range(i, wanted, CONNECTIONS), body)) for i in range(CONNECTIONS)]
        cost = metered(server, partial(drive, server.address, ups))
        suite.record_load("small_up", server, cost, cost.load.answered)
        downs = [sending(_gets(root, range(i, wanted, CONNECTIONS))) for i in range(CONNECTIONS)]
        cost = metered(server, partial(drive, server.address, downs))
        suite.record_load("small_down", server, cost, cost.load.answered)


def _puts(root: str, numbers: range, body: bytes) -> Iterator[bytes]:
    return (put(f"{root}/f{i}.bin", body) for i in numbers)


def _gets(root: str, numbers: range) -> Iterator[bytes]:
    return (get(f"{root}/f{i}.bin") for i in numbers)
