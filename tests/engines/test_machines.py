"""Which machine a job goes to, which GPUs it gets, and what the engine makes of the runner's answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import pytest

from runyard.engines.contracts import (
    EngineBusy,
    EngineRefused,
    EngineUnreachable,
    NotConnected,
    Phase,
)
from runyard.engines.shell.contracts import Ran
from runyard.engines.shell.machine import Machine
from runyard.engines.shell.machines import Machines
from runyard.engines.shell.places import Claim, Place
from runyard.entities.job import Resources
from tests.engines.tickets import TOKEN, ticket

T = TypeVar("T")
# As the runner printed it.
NODES = '[{"name": "vm", "state": "idle", "cpus": 2, "memory_mb": 24105, "gpus": 4, "running": 0}]'
RUNNING = {
    "phase": "running",
    "exit_code": None,
    "signal": None,
    "code": "",
    "reason": "",
    "state": "Running",
}
GONE = {"phase": "ended", "code": "NodeLost", "reason": "The runner is gone and left no word"}
NO_FILE = b"/usr/bin/python3: can't open file '/work/runner-1.pyz': [Errno 2] No such file or directory\n"


class Recorded:
    """A shell of a machine with a runner, whose answers were recorded."""

    def __init__(self, name: str, gpus: int = 4, cpus: int = 2, memory_mb: int = 24_105) -> None:
        self.describe = name
        self.has = {"gpus": gpus, "cpus": cpus, "memory_mb": memory_mb}
        self.files: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.fails: Exception | None = None
        self.fails_to: dict[str, Exception] = {}
        self.did: list[str] = []
        self.answers: list[Ran] = []

    async def run(self, argv: Sequence[str], stdin: bytes = b"", timeout_s: float = 60.0) -> Ran:
        if self.fails is not None:
            raise self.fails
        if self.answers and argv[0] == "python3":
            return self.answers.pop(0)
        if argv[0] == "rm":
            self.jobs.pop(argv[-1].rpartition("/")[2], None)
            return Ran(0, b"", b"")
        if argv[0] in ("find", "sh"):
            return Ran(0, b"", b"")
        bundle, command, rest = argv[2], argv[3], argv[4:]
        if command in self.fails_to:
            raise self.fails_to[command]
        if bundle not in self.files:
            return Ran(2, b"", NO_FILE)
        return Ran(0, self._answer(command, rest).encode(), b"")

    def _answer(self, command: str, rest: Sequence[str]) -> str:
        self.did.append(command)
        if command == "start":
            job = json.loads(self.files[rest[0]])
            self.jobs[rest[0].split("/")[-2]] = {**RUNNING, "engine_id": job["engine_id"]}
            return '{"pid": 7, "again": false, "phase": "running"}'
        if command == "states":
            return json.dumps({one: self.jobs.get(one, {"phase": "unknown"}) for one in rest[1:]})
        if command == "find":
            return json.dumps(
                {name: one for name, one in self.jobs.items() if name.split(".")[0] in rest[1:]}
            )
        if command == "stop" and rest[1] in self.jobs:
            self.jobs[rest[1]] = {**RUNNING, "phase": "ended", "code": "EngineError"}
        return json.dumps([{**json.loads(NODES)[0], **self.has}]) if command == "nodes" else ""

    async def put(self, content: bytes, path: str, mode: int) -> None:
        if self.fails is not None:
            raise self.fails
        self.files[path] = content

    async def home(self) -> str:
        return "/home/u"

    async def aclose(self) -> None: ...


class Stage:
    def __init__(self, *shells: Recorded, per_machine: int = 0) -> None:
        self.shells = shells
        self.engine = self.again(per_machine)

    def again(self, per_machine: int = 0) -> Machines:
        """The engine of another server, which knows nothing of what was."""
        return Machines([Machine(one.describe, one, "~/work", "python3") for one in self.shells], per_machine)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(work)

    def submit(
        self, run_id: str, gpus: int = 0, busy: Sequence[str] = (), *, nodes: int = 1, **needs: int
    ) -> str:
        wanted = Resources(gpus=gpus, **needs)
        return self.do(self.engine.submit(ticket(run_id, resources=wanted, busy=busy, node_count=nodes)))

    def job(self, shell: Recorded, run_id: str) -> Any:
        return json.loads(shell.files[f"/home/u/work/jobs/{run_id}/job.json"])


def test_the_runner_is_laid_down_once_and_given_the_job() -> None:
    stage = Stage(shell := Recorded("one"))
    assert stage.submit("a") == "one/a"
    job = stage.job(shell, "a")
    assert (job["token"], job["folder"], job["run_id"]) == (TOKEN, "/home/u/work", "a") and "gpus" not in job
    stage.submit("b")
    assert len([name for name in shell.files if name.endswith(".pyz")]) == 1


def test_no_secret_is_shown_in_a_dry_run() -> None:
    text = Stage(Recorded("one")).engine.request(ticket("a")).text
    assert TOKEN not in text and "~/work/jobs/a/job.json" in text and "on one" in text


def test_jobs_go_where_the_fewest_are_also_after_a_restart() -> None:
    stage = Stage(Recorded("one"), Recorded("two"), per_machine=2)
    ids = [stage.submit(name) for name in "abc"]
    assert [one.partition("/")[0] for one in ids] == ["one", "two", "one"]
    stage.engine = stage.again(2)
    assert stage.submit("d", busy=ids) == "two/d"
    with pytest.raises(EngineBusy, match="at most 2 at once"):
        stage.submit("e", busy=[*ids, "two/d"])


def test_gpus_are_given_to_one_job_each() -> None:
    stage = Stage(shell := Recorded("one"))
    first, second = stage.submit("a", 2), stage.submit("b", 1)
    assert (first, second) == ("one/a@0,1", "one/b@2")
    assert stage.job(shell, "a")["gpus"] == [0, 1]
    with pytest.raises(EngineBusy, match="it asks for 2 GPUs; one has 4 GPUs, of which 3 are taken"):
        stage.submit("c", 2)
    stage.do(stage.engine.forget(first))
    assert stage.submit("c", 2) == "one/c@0,1"


def test_gpus_of_jobs_of_before_a_restart_stay_theirs() -> None:
    stage = Stage(Recorded("one"))
    busy = [stage.submit("a", 3)]
    stage.engine = stage.again()
    assert stage.submit("b", 1, busy) == "one/b@3"


def test_more_gpus_than_any_machine_has_are_refused() -> None:
    stage = Stage(Recorded("one", 1), Recorded("two", 2))
    with pytest.raises(EngineRefused, match="3 GPUs; no machine of the target has more than 2"):
        stage.submit("a", 3)
    assert stage.submit("b", 2) == "two/b@0,1"


def test_several_nodes_are_refused_with_the_way_out() -> None:
    stage = Stage(Recorded("one"))
    for nodes, text, engine in (
        (2, "the target is one machine", stage.engine),
        (3, "the target has 2 hosts", Stage(Recorded("one"), Recorded("two")).engine),
    ):
        with pytest.raises(EngineRefused, match=text):
            stage.do(engine.submit(ticket("a", node_count=nodes)))
        with pytest.raises(EngineRefused, match=text):
            engine.request(ticket("a", node_count=nodes))


def test_a_machine_that_is_away_is_passed_over() -> None:
    stage = Stage(one := Recorded("one"), Recorded("two"))
    one.fails = NotConnected("no route")
    assert stage.submit("a") == "two/a"
    assert sorted(node.state.partition(":")[0] for node in stage.do(stage.engine.nodes())) == [
        "idle",
        "unusable",
    ]


def test_what_is_wrong_with_one_machine_is_not_with_the_others() -> None:
    stage = Stage(one := Recorded("one"), two := Recorded("two"))
    one.fails = EngineRefused("no interpreter")
    assert stage.submit("a") == "two/a"
    assert len(stage.do(stage.engine.nodes())) == 2
    assert stage.do(stage.engine.states(["one/x", "two/a"])).keys() == {"two/a"}
    two.fails = NotConnected("no route")
    with pytest.raises(NotConnected):
        stage.submit("b")
    two.fails = EngineRefused("none here either")
    with pytest.raises(EngineRefused):
        stage.submit("b")


def test_a_job_that_may_have_arrived_goes_nowhere_else() -> None:
    stage = Stage(one := Recorded("one"), Recorded("two"))
    one.fails = EngineUnreachable("lost")
    with pytest.raises(EngineUnreachable, match="lost"):
        stage.submit("a")
    with pytest.raises(EngineUnreachable):
        stage.do(stage.engine.find(["a"]))
    one.fails = None
    assert stage.do(stage.engine.find(["a"])) == {}


def test_jobs_are_found_again_with_their_gpus() -> None:
    stage = Stage(one := Recorded("one"), two := Recorded("two"))
    one.jobs["a"] = {**RUNNING, "gpus": [1, 3]}
    one.jobs["b"] = {"phase": "waiting"}
    two.jobs["d"] = {**RUNNING, "engine_id": "two/d;cpus=3"}
    assert stage.do(stage.engine.find(["a", "b", "c", "d"])) == {"a": "one/a@1,3", "d": "two/d;cpus=3"}
    assert one.jobs.keys() == {"a"}  # what was laid down and never begun is gone


def test_of_a_machine_that_is_away_nothing_is_said() -> None:
    stage = Stage(one := Recorded("one"), two := Recorded("two"))
    one.jobs["a"], two.jobs["b"] = RUNNING, GONE
    one.fails = NotConnected("no route")
    states = stage.do(stage.engine.states(["one/a", "two/b", "three/c"]))
    assert states.keys() == {"two/b", "three/c"}
    assert (states["two/b"].phase, states["two/b"].code) == (Phase.ENDED, "NodeLost")
    assert states["three/c"].phase is Phase.UNKNOWN and "no longer" in states["three/c"].reason
    with pytest.raises(NotConnected):
        stage.do(stage.engine.states(["one/a"]))


@pytest.mark.parametrize(
    ("ran", "kind", "text"),
    [
        (Ran(127, b"", b"sh: python3: not found"), EngineRefused, "settings.python"),
        (Ran(126, b"", b"Permission denied"), EngineRefused, "settings.python"),
        (Ran(1, b"", b"  File runner\nSyntaxError: invalid syntax"), EngineRefused, "SyntaxError"),
        (Ran(64, b"", b"The job file lacks server."), EngineRefused, "lacks server"),
        (Ran(1, b"", b"OSError: [Errno 28] No space left on device"), EngineUnreachable, "No space left"),
        (Ran(0, b"Welcome to the machine!", b""), EngineUnreachable, "does not answer as the runner"),
        (Ran(0, b'[{"name": 7}]', b""), EngineUnreachable, "does not answer as the runner"),
    ],
)
def test_what_is_wrong_there_is_told(ran: Ran, kind: type[Exception], text: str) -> None:
    stage = Stage(shell := Recorded("one"))
    shell.answers = [ran, ran]
    with pytest.raises(EngineUnreachable, match=text):
        stage.do(stage.engine.nodes())
    if kind is EngineRefused:
        with pytest.raises(EngineRefused, match=text):
            stage.submit("a")


@pytest.mark.parametrize(
    ("claim", "engine_id"),
    [
        (Claim("a", (Place("h:22"),)), "h:22/a"),
        (Claim("a", (Place("h:22", (0, 3)),)), "h:22/a@0,3"),
        (Claim("x-1_y", (Place("::1:22"),), cpus=4), "::1:22/x-1_y;cpus=4"),
        (
            Claim("a", (Place("h:22", (1,)), Place("i:22", (0,))), 2, 500),
            "h:22/a@1+i:22@0;cpus=2;memory_mb=500",
        ),
    ],
)
def test_ids_say_where_a_job_is_and_what_it_has(claim: Claim, engine_id: str) -> None:
    assert claim.engine_id == engine_id and Claim.of(engine_id) == claim


def test_cpus_and_memory_count_also_after_a_restart() -> None:
    stage = Stage(shell := Recorded("one", cpus=16, memory_mb=1_000))
    first = stage.submit("a", cpus=12, memory_mb=600)
    assert first == "one/a;cpus=12;memory_mb=600" and stage.job(shell, "a")["cpus"] == 12
    with pytest.raises(EngineBusy, match="it asks for 8 CPUs; one has 16 CPUs, of which 12 are taken"):
        stage.submit("b", cpus=8)
    stage.engine = stage.again()
    with pytest.raises(
        EngineBusy, match="it asks for 1 CPU and 500 MB of memory; one has 1,000 MB of memory, of"
    ):
        stage.submit("b", busy=[first], cpus=1, memory_mb=500)
    assert stage.submit("c", busy=[first]) == "one/c" and "cpus" not in stage.job(shell, "c")
    assert stage.submit("b", busy=[first], cpus=4, memory_mb=400) == "one/b;cpus=4;memory_mb=400"


def test_a_job_that_asks_goes_to_the_machine_that_has_it() -> None:
    stage = Stage(Recorded("small", cpus=2), Recorded("big", cpus=32))
    assert [stage.submit(one, cpus=16) for one in "ab"] == ["big/a;cpus=16", "big/b;cpus=16"]
    with pytest.raises(EngineBusy, match="small has 2 CPUs; big has 32 CPUs, of which 32 are taken"):
        stage.submit("c", cpus=16)
    with pytest.raises(EngineRefused, match="asks for 33 CPUs; no machine of the target has more than 32"):
        stage.submit("c", cpus=33)
    with pytest.raises(
        EngineRefused, match="99,000 MB of memory; no machine of the target has more than 24,105"
    ):
        stage.submit("c", memory_mb=99_000)


def test_a_machine_that_cannot_be_asked_may_have_enough() -> None:
    stage = Stage(Recorded("one", cpus=2), two := Recorded("two", cpus=8))
    two.fails = NotConnected("no route")
    with pytest.raises(EngineBusy, match="one has 2 CPUs"):
        stage.submit("a", cpus=4)
    two.fails = None
    assert stage.submit("a", cpus=4) == "two/a;cpus=4"


def test_each_node_has_a_machine_of_its_own() -> None:
    stage = Stage(*(shells := [Recorded(name) for name in ("one", "two", "three")]))
    first = stage.submit("a")
    joint = stage.submit("b", 2, nodes=2, cpus=1)
    assert joint == "two/b@0,1+three@0,1;cpus=1"
    files = [json.loads(shells[1].files["/home/u/work/jobs/b/job.json"])]
    files.append(json.loads(shells[2].files["/home/u/work/jobs/b.1/job.json"]))
    assert [one["node"] for one in files] == [0, 1] and len({one["start"] for one in files}) == 1
    stage.engine = stage.again()
    with pytest.raises(
        EngineBusy, match=r"2 machines, of which 1 has room: it asks for 3 GPUs on each; two has 4 GPUs"
    ):
        stage.submit("c", 3, [first, joint], nodes=2)
    assert stage.do(stage.engine.find(["b"])) == {"b": joint}
    with pytest.raises(EngineRefused, match="2 machines with 5 GPUs each; 0 of the target's 3 have as much"):
        stage.submit("c", 5, nodes=2)


def test_places_among_the_jobs_of_machines_count_for_each_node() -> None:
    stage = Stage(Recorded("one"), Recorded("two"), per_machine=1)
    first = stage.submit("a")
    with pytest.raises(EngineBusy, match="2 machines, of which 1 has room: one runs at most one job at once"):
        stage.submit("b", nodes=2)
    stage.do(stage.engine.forget(first))
    assert stage.submit("b", nodes=2) == "one/b+two"


def test_a_node_that_does_not_start_leaves_nothing_on_the_others() -> None:
    stage = Stage(*(shells := [Recorded(name) for name in ("one", "two", "three")]))
    shells[0].fails_to["start"] = EngineRefused("no interpreter")
    assert stage.submit("a", nodes=2) == "two/a+three"
    assert not shells[0].jobs and shells[0].did.count("stop") == 1
    assert shells[1].jobs.keys() == {"a"} and shells[2].jobs.keys() == {"a.1"}
    assert shells[1].did.count("stop") == 1  # it was the second node, whose first did not start


def test_too_few_machines_that_can_be_reached_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(one := Recorded("one"), two := Recorded("two"))
    two.fails = NotConnected("no route")
    with pytest.raises(EngineBusy, match="2 machines, of which 1 can be used: no route"):
        stage.submit("a", nodes=2)
    assert not one.jobs and "start" not in one.did
    two.fails = None
    tried = list(one.files)
    with pytest.raises(EngineBusy, match="no route"):  # for a moment it is not even tried
        stage.submit("a", nodes=2)
    assert list(one.files) == tried and stage.submit("b") == "one/b"
    monkeypatch.setattr("runyard.engines.shell.machines.AWAY_S", 0.0)
    stage.engine = stage.again()
    assert stage.submit("a", nodes=2, busy=["one/b"]) == "two/a+one"
    one.fails = two.fails = NotConnected("no route")
    with pytest.raises(NotConnected):
        stage.submit("c", nodes=2)
    one.fails, two.fails = None, EngineRefused("no interpreter")
    with pytest.raises(EngineRefused, match="no interpreter"):
        stage.submit("c", nodes=2)


def test_a_start_that_nobody_saw_the_end_of_is_found_or_ended() -> None:
    stage = Stage(one := Recorded("one"), two := Recorded("two"))
    one.fails_to["start"] = EngineUnreachable("lost")
    with pytest.raises(EngineUnreachable, match="lost"):
        stage.submit("a", nodes=2)
    assert two.jobs.keys() == {"a.1"}  # the first may be at work
    two.fails = NotConnected("no route")
    with pytest.raises(NotConnected):
        stage.do(stage.engine.find(["a"]))
    two.fails = None
    assert stage.do(stage.engine.find(["a"])) == {} and not two.jobs
    one.fails_to.clear()
    assert stage.submit("a", nodes=2) == "one/a+two"


def test_a_node_that_is_lost_is_told_and_all_are_ended() -> None:
    stage = Stage(one := Recorded("one"), two := Recorded("two"))
    engine_id = stage.submit("a", nodes=2)

    def state() -> tuple[Phase, str]:
        found = stage.do(stage.engine.states([engine_id]))[engine_id]
        return found.phase, found.code

    assert state() == (Phase.RUNNING, "")
    two.fails = NotConnected("no route")
    assert state() == (Phase.RUNNING, "")  # nothing is known of it
    two.fails, two.jobs["a.1"] = None, GONE
    assert state() == (Phase.RUNNING, "NodeLost")
    stage.do(stage.engine.cancel(engine_id))
    assert one.jobs["a"]["phase"] == "ended" and "stop" in two.did
    stage.do(stage.engine.forget(engine_id))
    assert not one.jobs and not two.jobs


def test_a_cancel_reaches_all_that_can_be_reached() -> None:
    stage = Stage(one := Recorded("one"), two := Recorded("two"))
    engine_id = stage.submit("a", nodes=2)
    one.fails = NotConnected("no route")
    with pytest.raises(NotConnected):
        stage.do(stage.engine.cancel(engine_id))
    assert two.jobs["a.1"]["phase"] == "ended"


def test_a_dry_run_says_what_is_asked_for_and_where() -> None:
    stage = Stage(Recorded("one"), Recorded("two"), Recorded("three"))
    wanted = Resources(cpus=8, memory_mb=2_000)
    text = stage.engine.request(ticket("a", node_count=2, resources=wanted)).text
    assert "# on 2 of one, two, three" in text and "8 CPUs and 2,000 MB of memory" in text
    assert '"cpus": 8' in text and '"node": 0' in text and 'start"' not in text
