"""Rules about jobs that need no database: secrets, variables, intervals, the order in which a job ends."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from runyard.entities.access import ACTIONS, EVERYTHING, Grants, expand
from runyard.entities.common import Stage
from runyard.entities.experiment import Experiment
from runyard.entities.job import OWN_EXPERIMENT, TOKEN_ACTIONS, Job, JobDefinition, JobError, JobState
from runyard.entities.principal import LOCAL
from runyard.entities.workspace import Workspace
from runyard.errors import CorruptData, InvalidInput, InvalidState, NotAllowed, NotFound, StorageUnavailable
from runyard.services.context import Context, Recognised
from runyard.services.jobs_access import refuse_job, require_own
from runyard.services.jobs_definition import check_definition
from runyard.services.jobs_ending import JobEnder
from runyard.services.jobs_env import check_server, variables
from runyard.services.jobs_keys import JobKeys, hash_code
from runyard.services.jobs_runner import EXTEND_S, JobRunnerService
from runyard.services.vault import Vault
from runyard.store.job_contracts import SealedKeys
from runyard.store.job_runner_contracts import Sign

NOW = 1_800_000_000.0
WORKSPACE = Workspace(3, "guid", "a b", "s", "g")
EXPERIMENT = Experiment(7, 3, "e/ü", "mlflow-artifacts:/7", Stage.ACTIVE, 1, 1, [])
JOB = Job(
    row=1,
    run_id="r",
    run_name="n",
    experiment_id=7,
    workspace_id=3,
    target="cluster",
    compute_id=5,
    kind="script",
    state=JobState.QUEUED,
    definition=JobDefinition(script="train.py", communicator="Mpi"),
    snapshot_id="",
    priority=0,
    submitted_by="ada",
    submitted_by_uuid="a" * 32,
    created_ms=1,
)


def of_job(run_id: str = "r", expires_ms: int | None = None) -> Context:
    """The context of a request with a job's token."""
    who = Recognised(LOCAL, "token t", TOKEN_ACTIONS, None, 3, expires_ms, "t", job=run_id, job_experiment=7)
    return Context(3, "w", "guid", LOCAL, "token t", EVERYTHING, who)


class Store:
    """What the service of runners asks of a store."""

    def __init__(self, active: int = 0) -> None:
        self.active = active
        self.counted = 0
        self.signs: list[Sign] = []
        self.keys_: SealedKeys = SealedKeys(b"", b"")

    async def active_count(self) -> int:
        self.counted += 1
        return self.active

    async def beat(self, workspace_id: int, run_id: str, sign: Sign) -> bool:
        self.signs.append(sign)
        return False

    async def keys(self, row: int) -> SealedKeys:
        return self.keys_


def service(store: Store, clock: list[float]) -> JobRunnerService:
    keys = JobKeys(Vault(b"k" * 32), store, lambda: clock[0])
    nothing: Any = None
    return JobRunnerService(store, keys, nothing, nothing, nothing, nothing, lambda: clock[0])  # type: ignore[arg-type]


def beat(runner: JobRunnerService, ctx: Context) -> float:
    return asyncio.run(runner.beat(ctx, "r", "a", 0, "Running"))[1]


@pytest.mark.parametrize(
    ("active", "seconds"), [(0, 2), (1, 2), (100, 3), (500, 15), (1_000, 30), (9_000, 30)]
)
def test_the_more_jobs_there_are_the_less_often_each_tells_of_itself(active: int, seconds: float) -> None:
    assert beat(service(Store(active), [NOW]), of_job()) == seconds


def test_jobs_are_counted_now_and_then() -> None:
    store, clock = Store(1), [NOW]
    runner = service(store, clock)
    for _ in range(5):
        beat(runner, of_job())
    assert store.counted == 1
    clock[0] += 6
    beat(runner, of_job())
    assert store.counted == 2


def test_a_token_is_extended_when_it_is_good_for_little_longer() -> None:
    store = Store()
    runner = service(store, [NOW])
    for left_s in (EXTEND_S + 1, EXTEND_S - 1):
        beat(runner, of_job(expires_ms=int((NOW + left_s) * 1000)))
    assert [sign.expires_ms for sign in store.signs] == [0, int((NOW + 3_600) * 1000)]


def test_secrets_open_for_their_job_alone() -> None:
    store = Store()
    keys = JobKeys(Vault(b"k" * 32), store, lambda: NOW)
    token, made = keys.make(3, "r")
    assert token.startswith("ry_") and token.encode() not in made.token
    assert made.expires_ms == int((NOW + 86_400) * 1000)
    store.keys_ = SealedKeys(made.token, made.code)
    found = asyncio.run(keys.of(JOB))
    assert found.token == token and hash_code(found.code) == made.code_hash
    for other in (msgspec.structs.replace(JOB, run_id="x"), msgspec.structs.replace(JOB, workspace_id=4)):
        with pytest.raises(CorruptData):
            asyncio.run(keys.of(other))
    store.keys_ = SealedKeys(b"", b"")
    with pytest.raises(InvalidState, match="has begun"):
        asyncio.run(keys.of(JOB))


def test_no_two_tokens_are_alike() -> None:
    keys = JobKeys(Vault(b"k" * 32), Store())
    assert len({keys.make(3, "r")[0] for _ in range(50)}) == 50


class Ending:
    """Writes down what happens in which order."""

    def __init__(self, *, broken: bool = False) -> None:
        self.done: list[str] = []
        self.broken = broken

    async def seal(self, workspace_id: int, run_id: str) -> None:
        self.done.append(f"seal {workspace_id}/{run_id}")
        if self.broken:
            raise StorageUnavailable("The artifact store is away.")

    async def end(self, row: int, state: JobState, error: JobError | None) -> Job | None:
        self.done.append(f"end {row} {state.text}")
        return None

    def changed(self) -> None:
        self.done.append("changed")


@pytest.mark.parametrize("broken", [False, True])
def test_logs_are_put_away_before_a_job_ends(broken: bool) -> None:
    ending = Ending(broken=broken)
    ender = JobEnder(ending, ending, ending.changed)  # type: ignore[arg-type]
    asyncio.run(ender.end(JOB, JobState.FAILED, JobError("NodeLost", "x")))
    assert ending.done == ["seal 3/r", "end 1 Failed", "changed"]


def test_a_script_finds_its_run() -> None:
    found = variables("https://host/path", WORKSPACE, EXPERIMENT, JOB)
    assert found["MLFLOW_TRACKING_URI"] == "https://host/path/workspaces/a%20b"
    assert (found["MLFLOW_RUN_ID"], found["MLFLOW_EXPERIMENT_ID"]) == ("r", "7")
    assert found["MLFLOW_RUN_CONTEXT"] == '{"runyard.startedBy": "r"}'
    assert found["AZUREML_WORKSPACE_SCOPE"] == (
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/a b"
    )
    assert (found["AZUREML_COMMUNICATOR"], found["AZUREML_TARGET_TYPE"]) == ("Mpi", "cluster")
    assert all(isinstance(value, str) for value in found.values())


@pytest.mark.parametrize("good", ["", "http://127.0.0.1:5000", "https://host/a/b/", "http://[::1]:5000"])
def test_addresses_of_servers(good: str) -> None:
    assert check_server(good) == good.rstrip("/")


@pytest.mark.parametrize(
    "wrong", ["host", "ftp://x", "http://a b", "http://u@x", "http://x?y", "http://x\n", "http://x\\y"]
)
def test_what_is_no_address_of_a_server(wrong: str) -> None:
    with pytest.raises(InvalidInput):
        check_server(wrong)


def test_only_the_token_of_a_job_tells_of_it() -> None:
    require_own(of_job("r"), "r")
    with pytest.raises(NotFound):
        require_own(of_job("other"), "r")
    with pytest.raises(NotAllowed):
        require_own(Context(), "r")
    refuse_job(Context())
    with pytest.raises(NotAllowed):
        refuse_job(of_job())


def test_a_jobs_grants_write_in_one_experiment() -> None:
    mine = EVERYTHING.limited(TOKEN_ACTIONS).confined(OWN_EXPERIMENT, 7)
    assert mine.permits("runs/write", 7) and mine.permits("artifacts/write", 7)
    assert not mine.permits("runs/write") and not mine.permits("runs/write", 8)
    assert mine.permits("runs/read", 8) and mine.permits("secrets/read") and mine.permits("models/write")
    for action in ("runs/delete", "experiments/delete", "models/delete", "compute/read", "secrets/write"):
        assert not mine.permits(action, 7), action
    assert expand(TOKEN_ACTIONS) < frozenset(ACTIONS)


def test_a_job_may_no_more_than_its_submitter() -> None:
    writes = frozenset(("runs/write",))
    guest = Grants(experiments={7: (writes, frozenset()), 8: (writes, frozenset())})
    mine = guest.limited(TOKEN_ACTIONS).confined(OWN_EXPERIMENT, 7)
    assert mine.permits("runs/write", 7) and not mine.permits("runs/write", 8)
    assert not mine.permits("artifacts/write", 7)
    denied = Grants(frozenset(ACTIONS), experiments={7: (frozenset(), writes)})
    assert not denied.limited(TOKEN_ACTIONS).confined(OWN_EXPERIMENT, 7).permits("runs/write", 7)


@pytest.mark.parametrize("kind", ["script", "build"])
def test_definitions_that_make_sense(kind: str) -> None:
    check_definition(kind, JobDefinition(script="src/train.py"))
    check_definition("build", JobDefinition())
    check_definition("script", JobDefinition(command=["python", "-m", "x"]))
    with pytest.raises(InvalidInput):
        check_definition("script", JobDefinition())
