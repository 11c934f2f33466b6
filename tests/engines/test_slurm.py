"""The engine for Slurm with a real cluster of two nodes and the real runner; the server's side is a stand-in."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import socketserver
import stat
import struct
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from runyard.engines.contracts import EngineRefused, EngineUnreachable, Phase, Ticket
from runyard.engines.slurm.engine import SlurmEngine, open_slurm
from runyard.entities.compute_settings import SlurmSettings, SshHost
from runyard.entities.job import Resources
from tests.components import mariadb, slurm, sshd
from tests.components.processes import free_ports
from tests.components.slurm import Slurm
from tests.engines.following import REACH, reaches, until
from tests.engines.stand_in import Asked, StandIn, stand_in
from tests.engines.tickets import TOKEN, ticket

pytestmark = pytest.mark.skipif(
    bool(slurm.missing_programs()), reason="Slurm is not installed; scripts/install-components does it"
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Slurm]:
    with slurm.slurm() as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with stand_in() as running:
        yield running


class Submitter:
    """Submits jobs of one test to the cluster."""

    def __init__(self, engine: SlurmEngine, server: StandIn, folder: Path) -> None:
        self.engine = engine
        self._server = server
        self.folder = folder

    def job(self, *command: str, node_count: int = 1, **more: Any) -> tuple[Asked, Ticket]:
        """A job that runs a command, and its ticket."""
        run_id = f"train_{uuid.uuid4().hex[:8]}"
        asked = self._server.add(run_id, *command, node_count=node_count)
        made = ticket(run_id, server_url=self._server.url, node_count=node_count, **more)
        return asked, made

    async def submit(self, *command: str, **more: Any) -> tuple[Asked, str]:
        """The job, and what the engine calls it."""
        asked, made = self.job(*command, **more)
        return asked, await self.engine.submit(made)


Scenario = Callable[[Submitter], Awaitable[None]]
Run = Callable[[Scenario], None]


@pytest.fixture
def run(cluster: Slurm, server: StandIn) -> Run:
    """Runs what a test does with an engine that is opened for it."""

    def do(scenario: Scenario) -> None:
        asyncio.run(_with_engine(scenario, settings(cluster), {}, server))

    return do


async def _with_engine(
    scenario: Scenario, settings: SlurmSettings, credentials: dict[str, str], server: StandIn
) -> None:
    engine = open_slurm(settings, credentials, REACH)
    try:
        await scenario(Submitter(engine, server, Path(settings.folder)))
    finally:
        await engine.aclose()


def settings(cluster: Slurm, **changes: Any) -> SlurmSettings:
    usual = {"folder": str(cluster.shared), "slurm_conf": cluster.environment["SLURM_CONF"]}
    return SlurmSettings(**{**usual, **changes})


def test_a_job_runs_and_reports(run: Run) -> None:
    async def scenario(jobs: Submitter) -> None:
        asked, job = await jobs.submit("sh", "-c", "echo on $SLURMD_NODENAME", resources=Resources(1, 200))
        state = await reaches(jobs.engine, job, Phase.ENDED)
        assert (state.exit_code, state.code) == (0, "")
        assert asked.ends[0]["state"] == "Completed" and asked.log in ("on n1\n", "on n2\n")
        assert "Completed" in await jobs.engine.tail(job)

    run(scenario)


def test_the_token_is_in_a_private_file_and_nowhere_at_slurm(run: Run, cluster: Slurm) -> None:
    async def scenario(jobs: Submitter) -> None:
        _asked, made = jobs.job("sleep", "60")
        job = await jobs.engine.submit(made)
        await reaches(jobs.engine, job, Phase.RUNNING)
        place = jobs.folder / "jobs" / made.run_id
        assert stat.S_IMODE((place / "job.json").stat().st_mode) == 0o600
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        assert json.loads((place / "job.json").read_text())["token"] == TOKEN
        number = job.partition("/")[0]
        shown = cluster.command("scontrol", "show", "job", "--details", number)
        shown += cluster.command("scontrol", "write", "batch_script", number, "-")
        shown += cluster.command("ps", "-axwwo", "args")
        assert made.run_id in shown and TOKEN not in shown
        await jobs.engine.cancel(job)
        await reaches(jobs.engine, job, Phase.ENDED)
        await jobs.engine.forget(job)
        assert not place.exists() and await jobs.engine.tail(job) == ""

    run(scenario)


@pytest.mark.parametrize(
    ("command", "exit_code", "signal", "told"),
    [("exit 3", 3, None, {"exit_code": 3}), ("kill -9 $$", None, 9, {"signal": 9})],
)
def test_how_a_script_ends_is_told_apart(
    run: Run, command: str, exit_code: int | None, signal: int | None, told: dict[str, int]
) -> None:
    async def scenario(jobs: Submitter) -> None:
        asked, job = await jobs.submit("sh", "-c", command)
        state = await reaches(jobs.engine, job, Phase.ENDED)
        assert (state.exit_code, state.signal) == (exit_code, signal)
        assert asked.ends[0]["state"] == "Failed" and asked.ends[0]["error"].items() >= told.items()

    run(scenario)


def test_one_that_is_submitted_several_times_at_once_is_one(run: Run, cluster: Slurm) -> None:
    async def scenario(jobs: Submitter) -> None:
        _asked, made = jobs.job("sleep", "1")
        ids = await asyncio.gather(*(jobs.engine.submit(made) for _ in range(4)))
        assert len(set(ids)) == 1
        listed = cluster.command("squeue", "--noheader", "--states=all", f"--name=runyard-{made.run_id}")
        assert len(listed.splitlines()) == 1
        assert await jobs.engine.find([made.run_id, "train_other"]) == {made.run_id: ids[0]}
        await reaches(jobs.engine, ids[0], Phase.ENDED)
        assert await jobs.engine.submit(made) == ids[0], "also when it has ended"

    run(scenario)


def test_one_whose_number_was_not_written_down_is_found_by_its_name(run: Run) -> None:
    async def scenario(jobs: Submitter) -> None:
        _asked, made = jobs.job("sleep", "60")
        job = await jobs.engine.submit(made)
        (jobs.folder / "jobs" / made.run_id / "engine_id").unlink()
        assert await jobs.engine.find([made.run_id]) == {made.run_id: job}
        assert await jobs.engine.submit(made) == job
        await jobs.engine.cancel(job)

    run(scenario)


def test_a_queued_job_tells_why_it_waits_and_is_canceled(run: Run) -> None:
    async def scenario(jobs: Submitter) -> None:
        asked, job = await jobs.submit("true", options={"partition": "closed"})
        state = await until(
            lambda: jobs.engine.states([job]), lambda states: "PartitionDown" in states[job].reason, 30
        )
        assert state[job].reason.startswith("its partition takes no jobs")
        await jobs.engine.cancel(job)
        assert (await reaches(jobs.engine, job, Phase.ENDED)).code == "Canceled"
        await jobs.engine.cancel(job)
        assert not asked.begun

    run(scenario)


def test_a_running_job_is_canceled_and_its_runner_says_so(run: Run) -> None:
    async def scenario(jobs: Submitter) -> None:
        mark = f"{os.getpid()}0.{uuid.uuid4().int % 10**6}"
        asked, job = await jobs.submit("sh", "-c", f"echo up; sleep {mark} & wait")
        await until(lambda: asyncio.sleep(0, asked.log), lambda log: log == "up\n", 40)
        asked.cancel = True
        await jobs.engine.cancel(job)
        assert (await reaches(jobs.engine, job, Phase.ENDED)).code == "Canceled"
        assert asked.ends[0]["state"] == "Canceled", (asked.ends, await jobs.engine.tail(job))
        assert mark not in _commands(), "nothing of it is left"

    run(scenario)


def test_two_nodes_have_a_runner_each_that_knows_its_rank(run: Run) -> None:
    async def scenario(jobs: Submitter) -> None:
        script = "echo $SLURMD_NODENAME $RUNYARD_NODE_RANK of $RUNYARD_NODE_COUNT"
        asked, job = await jobs.submit("sh", "-c", script, node_count=2)
        assert (await reaches(jobs.engine, job, Phase.ENDED)).exit_code == 0
        assert set(asked.begun) == {0, 1}
        assert asked.log == "n1 0 of 2\n"
        assert asked.logs["user_logs/std_log_1.txt"] == b"n2 1 of 2\n"

    run(scenario)


def test_a_gpu_is_asked_for_and_made_visible(run: Run) -> None:
    async def scenario(jobs: Submitter) -> None:
        script = "echo $SLURMD_NODENAME sees $CUDA_VISIBLE_DEVICES"
        asked, job = await jobs.submit("sh", "-c", script, resources=Resources(gpus=1))
        await reaches(jobs.engine, job, Phase.ENDED)
        assert asked.log == "n2 sees 0\n"

    run(scenario)


def test_nodes_are_told_with_what_runs_there(run: Run) -> None:
    async def scenario(jobs: Submitter) -> None:
        _asked, job = await jobs.submit("sleep", "60", resources=Resources(gpus=1))
        await reaches(jobs.engine, job, Phase.RUNNING)
        nodes = {node.name: node for node in await jobs.engine.nodes()}
        assert set(nodes) == {"n1", "n2"}
        assert (nodes["n2"].state, nodes["n2"].cpus, nodes["n2"].gpus) == ("running", 2, 1)
        assert nodes["n2"].running >= 1 and nodes["n2"].memory_mb == 4000
        await jobs.engine.cancel(job)

    run(scenario)


def test_what_slurm_forgot_is_known_by_what_it_left(run: Run) -> None:
    async def scenario(jobs: Submitter) -> None:
        place = jobs.folder / "jobs" / "train_old"
        place.mkdir(parents=True, exist_ok=True)
        (place / "ended").write_text("7\n")
        states = await jobs.engine.states(["4242424/train_old", "4242425/train_gone"])
        assert states["4242424/train_old"].exit_code == 7
        assert states["4242425/train_gone"].phase is Phase.UNKNOWN

    run(scenario)


def test_what_slurm_refuses_is_said_in_its_words_and_leaves_no_token(run: Run) -> None:
    async def scenario(jobs: Submitter) -> None:
        _asked, made = jobs.job("true", options={"partition": "nowhere"})
        with pytest.raises(EngineRefused, match="invalid partition specified: nowhere"):
            await jobs.engine.submit(made)
        assert not (jobs.folder / "jobs" / made.run_id).exists()

    run(scenario)


@pytest.mark.parametrize("kind", ["runner-*.pyz", "slurm-*.sh"])
def test_what_was_removed_from_the_folder_is_put_there_again(run: Run, kind: str) -> None:
    async def scenario(jobs: Submitter) -> None:
        await jobs.engine.nodes()
        (file,) = jobs.folder.glob(kind)
        file.unlink()
        _, made = jobs.job("true")
        with pytest.raises(EngineUnreachable, match="put there again"):
            await jobs.engine.submit(made)
        assert (await reaches(jobs.engine, await jobs.engine.submit(made), Phase.ENDED)).exit_code == 0

    run(scenario)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(cluster: Slurm, server: StandIn) -> None:
    place = cluster.home / "somebodys"
    place.mkdir()
    os.chown(place, 65534, 65534)

    async def scenario(jobs: Submitter) -> None:
        with pytest.raises(EngineRefused, match="belongs to somebody else"):
            await jobs.engine.nodes()

    asyncio.run(_with_engine(scenario, settings(cluster, folder=str(place)), {}, server))


@contextlib.contextmanager
def nobody() -> Iterator[int]:
    """A port where nothing listens."""
    yield free_ports(1)[0]


@contextlib.contextmanager
def hanging_up() -> Iterator[int]:
    """A port where whoever asks is answered by the end of the connection, as by a controller that is being killed."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1, socket.MSG_PEEK)
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.05,)).start()
        try:
            yield listening.server_address[1]
        finally:
            listening.shutdown()


@pytest.mark.parametrize("controller", [nobody, hanging_up])
def test_a_cluster_that_is_away_is_unreachable_and_nothing_is_lost(
    cluster: Slurm, server: StandIn, controller: Callable[[], AbstractContextManager[int]]
) -> None:
    text = (cluster.home / "slurm.conf").read_text()
    known = next(line for line in text.splitlines() if line.startswith("SlurmctldPort="))
    away = cluster.home / "away.conf"

    async def scenario(jobs: Submitter) -> None:
        for ask in (jobs.engine.states(["1/train_1"]), jobs.engine.nodes(), jobs.engine.submit(ticket())):
            with pytest.raises(EngineUnreachable, match="Slurm does not answer"):
                await ask

    with controller() as port:
        away.write_text(text.replace(known, f"SlurmctldPort={port}") + "MessageTimeout=2\nTCPTimeout=1\n")
        chosen = SlurmSettings(folder=str(cluster.home / "elsewhere"), slurm_conf=str(away))
        asyncio.run(_with_engine(scenario, chosen, {}, server))


def test_through_a_login_node(cluster: Slurm, server: StandIn) -> None:
    if sshd.missing_program():
        pytest.skip("openssh-server is not installed; scripts/install-components does it")
    with sshd.ssh_server() as login:
        (dead,) = free_ports(1)
        hosts = [SshHost("127.0.0.1", dead), SshHost("127.0.0.1", login.port, login.host_key)]

        async def scenario(jobs: Submitter) -> None:
            asked, job = await jobs.submit("echo", "there")
            assert (await reaches(jobs.engine, job, Phase.ENDED)).exit_code == 0
            assert asked.log == "there\n"
            assert [node.name for node in await jobs.engine.nodes()] == ["n1", "n2"]

        chosen = settings(cluster, hosts=hosts, username=login.user)
        asyncio.run(_with_engine(scenario, chosen, {"private_key": login.private_key}, server))


@pytest.mark.long
@pytest.mark.timeout(240)
def test_a_lost_node_is_told(server: StandIn) -> None:
    with slurm.slurm() as own:

        async def scenario(jobs: Submitter) -> None:
            asked, job = await jobs.submit("sleep", "600", options={"nodelist": "n2"})
            await until(lambda: asyncio.sleep(0, asked.begun), bool, 40)
            own.end_node("n2")
            assert (await reaches(jobs.engine, job, Phase.ENDED, 150)).code == "NodeLost"

        asyncio.run(_with_engine(scenario, settings(own), {}, server))


@pytest.mark.long
@pytest.mark.timeout(400)
def test_what_slurm_forgot_is_known_by_its_accounting(server: StandIn) -> None:
    if mariadb.missing_programs() or not slurm.has_accounting():
        pytest.skip("slurmdbd or MariaDB are not installed; scripts/install-components does it")
    with mariadb.mariadb() as database, slurm.slurm(remembered_s=2, accounting=database) as own:

        async def scenario(jobs: Submitter) -> None:
            asked, job = await jobs.submit("sh", "-c", "echo up; sleep 600")
            await until(lambda: asyncio.sleep(0, asked.log), bool, 60)
            own.command("scancel", job.partition("/")[0])
            listed = ("squeue", "--noheader", "--states=all", f"--name=runyard-{job.partition('/')[2]}")
            await until(lambda: asyncio.sleep(0.5, own.command(*listed)), lambda told: told == "", 200)
            state = (await jobs.engine.states([job]))[job]
            assert (state.phase, state.code) == (Phase.ENDED, "Canceled")

        asyncio.run(_with_engine(scenario, settings(own), {}, server))


@pytest.mark.long
@pytest.mark.timeout(240)
def test_slurm_s_own_time_limit_is_told(run: Run) -> None:
    async def scenario(jobs: Submitter) -> None:
        asked, job = await jobs.submit("sleep", "600", options={"time": "1"})
        assert (await reaches(jobs.engine, job, Phase.ENDED, 180)).code == "TimeOut"
        assert "ended on its machine" in asked.ends[0]["error"]["message"]

    run(scenario)


def _commands() -> str:
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(place.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return "\n".join(found)
