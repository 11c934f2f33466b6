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
from runyard.engines.shell.machines import Machines, Place
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

    def __init__(self, name: str, gpus: int = 4) -> None:
        self.describe = name
        self.gpus = gpus
        self.files: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.fails: Exception | None = None
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
        if bundle not in self.files:
            return Ran(2, b"", NO_FILE)
        return Ran(0, self._answer(command, rest).encode(), b"")

    def _answer(self, command: str, rest: Sequence[str]) -> str:
        if command == "start":
            self.jobs[json.loads(self.files[rest[0]])["run_id"]] = RUNNING
            return '{"pid": 7, "again": false, "phase": "running"}'
        if command == "states":
            return json.dumps({one: self.jobs.get(one, {"phase": "unknown"}) for one in rest[1:]})
        return NODES.replace('"gpus": 4', f'"gpus": {self.gpus}') if command == "nodes" else ""

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

    def submit(self, run_id: str, gpus: int = 0, busy: Sequence[str] = ()) -> str:
        return self.do(self.engine.submit(ticket(run_id, resources=Resources(gpus=gpus), busy=busy)))

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
    with pytest.raises(EngineBusy, match="2 free GPUs"):
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
    with pytest.raises(EngineRefused, match="slurm or ray"):
        stage.do(stage.engine.submit(ticket("a", node_count=2)))


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
    stage = Stage(one := Recorded("one"), Recorded("two"))
    one.jobs["a"] = {**RUNNING, "gpus": [1, 3]}
    one.jobs["b"] = {"phase": "waiting"}
    assert stage.do(stage.engine.find(["a", "b", "c"])) == {"a": "one/a@1,3"}


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


@pytest.mark.parametrize("place", [Place("h:22", "a"), Place("h:22", "a", (0, 3)), Place("::1:22", "x-1_y")])
def test_ids_say_where_a_job_is(place: Place) -> None:
    assert Place.of(place.engine_id) == place
