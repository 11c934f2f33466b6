"""The row about what it costs to know who logs: one point per request, with and without a credential."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator

from bench import wire
from bench.load import ask, drive, post_json, sending
from bench.servers import Server
from bench.suite import Suite, metered

CONNECTIONS = 8
WORKSPACE = "bench-identity"
OWN = "/api/v1"
PAIRS = 4


def identity(suite: Suite) -> None:
    """Single points by somebody with an access token in a workspace of their own, against nobody in the default one.

    Taken in turns on one server; recorded is the median of what the pairs differ by.
    """
    server = suite.servers[0]
    _made(server, f"{OWN}/workspaces", {"name": WORKSPACE})
    token = str(_made(server, f"{OWN}/tokens", {"name": "bench"})["token"])
    plain_run, own_run = wire.new_run(server), _run_of_workspace(server)
    more, plain_us, token_us = [], [], []
    for turn in range(PAIRS):
        plain = _cpu_us(suite, server, plain_run, turn, "")
        known = _cpu_us(suite, server, own_run, turn, token)
        more.append((known - plain) / plain * 100)
        plain_us.append(plain)
        token_us.append(known)
    suite.record(
        "identity",
        server.name,
        more_percent=statistics.median(more),
        plain_us=statistics.median(plain_us),
        token_us=statistics.median(token_us),
    )


def _cpu_us(suite: Suite, server: Server, run_id: str, turn: int, token: str) -> float:
    clients = [
        sending(_points(server, run_id, turn * CONNECTIONS + number, token)) for number in range(CONNECTIONS)
    ]
    cost = metered(server, lambda: drive(server.address, clients, suite.scale.slice_s))
    return cost.cpu_us_per(cost.load.answered)


def _points(server: Server, run_id: str, lane: int, token: str) -> Iterator[bytes]:
    for step in itertools.count(lane * 10_000_000):
        request = wire.one_point(server, run_id, "loss", 0.5, step)
        yield _as_owner(request, token) if token else request


def _as_owner(request: bytes, token: str) -> bytes:
    """The same request in the workspace, with a credential."""
    line, rest = request.split(b"\r\n", 1)
    return b"%s\r\nAuthorization: Bearer %s\r\n%s" % (_inside(line), token.encode(), rest)


def _inside(line: bytes) -> bytes:
    method, path, protocol = line.split(b" ")
    return b"%s /workspaces/%s%s %s" % (method, WORKSPACE.encode(), path, protocol)


def _made(server: Server, path: str, fields: dict[str, object]) -> dict[str, object]:
    answer = ask(server.address, post_json(path, fields))
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {answer.body[:300]!r}")
    return answer.json()


def _run_of_workspace(server: Server) -> str:
    answer = ask(
        server.address,
        post_json(f"/workspaces/{WORKSPACE}{server.api}/runs/create", {"experiment_id": "0"}),
    )
    return wire.run_id_of(answer)
