"""A server that is away, restarts, forgets, or is slow: nothing of a log is lost or told twice, and the script waits for nobody."""

from __future__ import annotations

import threading
import time

from tests.runner.jobs import Runner, python, until
from tests.runner.standin import RUN, StandIn, Told

COUNTING = """
import sys, time
for number in range(40):
    print("line", number, flush=True)
    time.sleep(0.05)
"""
LINES = "".join(f"line {number}\n" for number in range(40))


def test_a_server_that_restarts_misses_nothing(runner: Runner) -> None:
    told = Told(definition=python(COUNTING))
    with StandIn(told) as first:
        port = first.port
        runner.call("start", runner.lay(first))
        until(lambda: "line 5" in told.log())
    time.sleep(1)
    with StandIn(told, port):
        until(lambda: told.ends, 60)
    assert told.log() == LINES
    assert told.ends[0]["state"] == "Completed"
    assert len(told.begun) == 1


def test_answers_that_get_lost_do_not_double_a_log(runner: Runner, server: StandIn) -> None:
    told = server.told
    told.definition = python(COUNTING)
    told.lost = {"/log-appends": 3}
    assert runner.work(server) == 0
    assert told.log() == LINES
    assert told.lost["/log-appends"] == 0


def test_what_a_server_has_lost_is_sent_again(runner: Runner, server: StandIn) -> None:
    told = server.told
    told.definition = python(COUNTING)
    runner.call("start", runner.lay(server))
    until(lambda: "line 9" in told.log())
    del told.logs["user_logs/std_log.txt"][20:]  # as after a restored backup
    until(lambda: told.ends)
    assert told.log() == LINES


def test_a_server_that_comes_late_gets_the_whole_job(runner: Runner) -> None:
    told = Told(definition=python("print('done')"))
    with StandIn(told) as first:
        port = first.port
    file = runner.lay(f"http://127.0.0.1:{port}")
    runner.call("start", file)
    time.sleep(1)
    assert runner.state()["phase"] == "running"
    with StandIn(told, port):
        until(lambda: told.ends, 60)
    assert told.log() == "done\n"


def test_a_slow_server_does_not_slow_the_script(runner: Runner, server: StandIn) -> None:
    gate = server.told.gates["/log-appends"] = threading.Event()
    server.told.definition = python(
        "import time; t=time.time(); [print('x' * 1000) for _ in range(20_000)]; print(time.time() - t)"
    )
    runner.call("start", runner.lay(server))
    log = runner.job / "logs" / "std_log.txt"
    until(lambda: log.exists() and log.stat().st_size > 20_000_000)
    gate.set()
    until(lambda: server.told.ends, 60)
    assert float(server.told.log().splitlines()[-1]) < 5
    assert len(server.told.log()) > 20_000_000


def test_lines_arrive_within_a_second(runner: Runner, server: StandIn) -> None:
    """The best of many, since other work may be going on on this machine."""
    server.told.definition = python(
        "import time\nfor _ in range(200):\n    time.sleep(0.3)\n    print(time.time(), flush=True)"
    )
    runner.call("start", runner.lay(server))

    def last_was_quick() -> bool:
        lines = server.told.log().splitlines(keepends=True)
        return bool(lines) and lines[-1].endswith("\n") and time.time() - float(lines[-1]) < 1

    until(last_was_quick)
    server.told.cancel = True
    until(lambda: server.told.ends)


def test_a_file_below_logs_that_is_begun_anew_is_sent_anew(runner: Runner, server: StandIn) -> None:
    server.told.definition = python(
        "import os, time\n"
        "os.makedirs('logs/deep')\n"
        "open('logs/deep/a.log', 'w').write('first, and rather long\\n')\n"
        "time.sleep(3)\n"
        "open('logs/deep/a.log', 'w').write('second\\n')"
    )
    assert runner.work(server) == 0
    assert (
        server.told.log("logs/deep/a.log") == "first, and rather long\n\n[The file was begun anew.]\nsecond\n"
    )


def test_a_log_that_is_not_taken_ends_nothing(runner: Runner, server: StandIn) -> None:
    refusal = {"error_code": "INVALID_PARAMETER_VALUE", "message": "No such log."}
    server.told.refusals["/log-appends"] = (400, refusal)
    server.told.definition = python("print('unheard')")
    assert runner.work(server) == 0
    assert "not sent any further: No such log." in runner.said
    assert server.told.ends[0]["state"] == "Completed"


def test_a_token_that_is_refused_for_long_ends_the_job(runner: Runner, server: StandIn) -> None:
    runner.variables["RUNYARD_RUNNER_UNKNOWN_S"] = "1"
    server.told.definition = python("import time; print('working', flush=True); time.sleep(100)")
    runner.call("start", runner.lay(server))
    until(lambda: server.told.log())
    for path in (f"/jobs/{RUN}/beat", f"/jobs/{RUN}/end"):
        server.told.refusals[path] = (401, {"error_code": "UNAUTHENTICATED", "message": "No such token."})
    assert until(lambda: runner.state()["phase"] == "ended", 30)
    assert runner.state()["state"] == "Canceled"
