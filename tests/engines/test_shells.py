"""Programs and files on a machine: the same for this one and for one that is reached by SSH."""

from __future__ import annotations

import asyncio
import getpass
import os
import signal
import stat
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from runyard.engines.contracts import EngineRefused, EngineUnreachable
from runyard.engines.shell.contracts import NotConnected, Reach, Shell
from runyard.engines.shell.local import LocalShell
from runyard.engines.shell.machine import Machine
from runyard.engines.shell.opening import open_shell
from runyard.entities.compute_settings import SshHost
from runyard.services.datastore_hosts import DatastoreHosts
from tests.components import sshd
from tests.components.processes import free_ports
from tests.components.sshd import SshServer

T = TypeVar("T")


class Stage:
    """A shell, and the loop that it lives in."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self._runner = asyncio.Runner()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def sh(self, script: str, stdin: bytes = b"") -> bytes:
        ran = self.do(self.shell.run(["sh", "-c", script], stdin))
        assert ran.exit_code == 0, ran
        return ran.stdout

    def close(self) -> None:
        self.do(self.shell.aclose())
        self.do(self.shell.aclose())
        self._runner.close()


@pytest.fixture(scope="module")
def server() -> Iterator[SshServer]:
    reason = sshd.missing_program()
    if reason:
        pytest.skip(f"{reason} is not installed; run scripts/install-components")
    with sshd.ssh_server() as found:
        yield found


def reach(learnt: list[str] | None = None, kept: str = "") -> Reach:
    """Reaches everything on this machine; the key that is learnt is noted, and `kept` is answered if there is one."""

    async def fix(address: str, port: int, key: str) -> str:
        if learnt is not None:
            learnt.append(key)
        return kept or key

    return Reach(DatastoreHosts([], local=True).connect, fix)


def ssh_shell(server: SshServer, reached: Reach, *, host_key: str = "", **credentials: str) -> Shell:
    host = SshHost("127.0.0.1", server.port, host_key)
    return open_shell(host, server.user, credentials or {"private_key": server.private_key}, reached)


@pytest.fixture(params=["local", "ssh"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    if request.param == "local":
        shell: Shell = LocalShell()
    else:
        shell = ssh_shell(request.getfixturevalue("server"), reach())
    found = Stage(shell)
    yield found
    found.close()


def test_a_program_is_told_apart_by_its_words_whatever_they_hold(stage: Stage) -> None:
    words = ["a b", "'", '"', "$HOME", "`id`", "\\", "*", ";", "ü", ""]
    ran = stage.do(stage.shell.run(["printf", "%s\\n", *words]))
    assert ran.stdout.decode().splitlines() == words


def test_output_error_and_exit_code_come_back(stage: Stage) -> None:
    ran = stage.do(stage.shell.run(["sh", "-c", "echo out; echo first >&2; echo last >&2; exit 3"]))
    assert (ran.exit_code, ran.stdout, ran.complaint) == (3, b"out\n", "last")


def test_a_program_that_is_not_there_is_127(stage: Stage) -> None:
    ran = stage.do(stage.shell.run(["no-such-program-here"]))
    assert ran.exit_code == 127 and ran.complaint


def test_a_megabyte_goes_in_and_comes_back(stage: Stage) -> None:
    content = os.urandom(1_000_000)
    assert stage.sh("cat", content) == content


def test_a_program_that_reads_nothing_does_not_hang(stage: Stage) -> None:
    assert stage.sh("echo done", b"x" * 1_000_000) == b"done\n"


def test_a_program_that_takes_too_long_is_given_up(stage: Stage) -> None:
    with pytest.raises(EngineUnreachable, match="0 s"):
        stage.do(stage.shell.run(["sleep", "20"], timeout_s=0.3))
    assert stage.sh("echo again") == b"again\n"


def test_a_file_is_whole_and_nobody_elses(stage: Stage, tmp_path: Path) -> None:
    place = tmp_path / "a b" / "it's" / "job.json"
    for content in (b"first", b"second" * 50_000):
        stage.do(stage.shell.put(content, str(place), 0o600))
        assert place.read_bytes() == content
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert [one.name for one in place.parent.iterdir()] == ["job.json"]


def test_a_file_that_cannot_be_written_is_told(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(EngineRefused, match="file"):
        stage.do(stage.shell.put(b"x", str(tmp_path / "file" / "below"), 0o600))


def test_many_at_once(stage: Stage) -> None:
    async def many() -> list[bytes]:
        ran = await asyncio.gather(*(stage.shell.run(["echo", str(number)]) for number in range(30)))
        return [one.stdout for one in ran]

    assert stage.do(many()) == [f"{number}\n".encode() for number in range(30)]


def test_home_is_the_users(stage: Stage) -> None:
    assert stage.do(stage.shell.home()) == os.path.expanduser(f"~{getpass.getuser()}")


def test_what_looks_like_a_secret_is_not_handed_to_programs_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RUNYARD_SECRET_KEY", "AWS_SECRET_ACCESS_KEY", "MY_TOKEN", "DB_PASSWORD", "PYTHONPATH"):
        monkeypatch.setenv(name, "canary")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    stage = Stage(LocalShell())
    found = stage.sh("env").decode()
    stage.close()
    assert "canary" not in found and "HTTPS_PROXY=http://proxy:1" in found and "PATH=" in found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root acts for others")
def test_programs_here_run_as_somebody_else() -> None:
    stage = Stage(LocalShell("nobody"))
    assert stage.sh("id -un; echo $USER").split() == [b"nobody", b"nobody"]
    stage.close()


def test_a_user_that_is_not_there_is_refused() -> None:
    with pytest.raises(EngineRefused, match="no user"):
        LocalShell("nobody-of-that-name")


def test_a_host_key_is_learnt_before_anybody_logs_in(server: SshServer) -> None:
    learnt: list[str] = []
    stage = Stage(ssh_shell(server, reach(learnt)))
    stage.sh("true")
    stage.sh("true")
    stage.close()
    assert learnt == [" ".join(server.host_key.split()[:2])]


def test_a_host_with_another_key_than_the_fixed_one_is_not_logged_in_to(server: SshServer) -> None:
    other = (server.files.parent / "other.pub").read_text().strip()
    for shell in (
        ssh_shell(server, reach(), host_key=other),
        ssh_shell(server, reach(kept=" ".join(other.split()[:2]))),  # another server learnt that one before
    ):
        stage = Stage(shell)
        with pytest.raises(NotConnected, match="another host key"):
            stage.sh("true")
        stage.close()


def test_wrong_credentials_are_told_as_such(server: SshServer) -> None:
    stage = Stage(ssh_shell(server, reach(), private_key=server.other_key))
    with pytest.raises(NotConnected, match="refuses the credentials"):
        stage.sh("true")
    stage.close()
    with pytest.raises(EngineRefused, match="cannot be read"):
        ssh_shell(server, reach(), private_key="nonsense")


def test_a_machine_that_is_not_there_is_told_as_such(server: SshServer) -> None:
    (port,) = free_ports(1)
    host = SshHost("127.0.0.1", port)
    stage = Stage(open_shell(host, "u", {"password": "x"}, reach()))
    with pytest.raises(NotConnected, match="cannot be reached"):
        stage.sh("true")
    stage.close()


def test_hosts_that_users_may_not_name_are_not_reached(server: SshServer) -> None:
    strict = Reach(DatastoreHosts([], local=False).connect, reach().fix_host_key)
    stage = Stage(ssh_shell(server, strict))
    with pytest.raises(NotConnected, match="datastore-hosts"):
        stage.sh("true")
    stage.close()


def test_a_lost_connection_is_made_again(server: SshServer) -> None:
    stage = Stage(ssh_shell(server, reach()))
    pid = stage.sh("echo $PPID").decode().strip()
    with pytest.raises(EngineUnreachable):
        stage.sh(f"kill -9 {pid}; sleep 5")
    assert stage.sh("echo again") == b"again\n"
    stage.close()


def test_a_connection_that_was_cut_meanwhile_is_made_again_unnoticed(server: SshServer) -> None:
    stage = Stage(ssh_shell(server, reach()))
    for _ in range(5):
        os.kill(
            int(stage.sh("echo $PPID")), signal.SIGKILL
        )  # nothing of it is heard before the next program starts
        assert stage.sh("echo again") == b"again\n"
    stage.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes folders of others")
def test_nothing_is_started_in_a_folder_of_somebody_else(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 65_534, 65_534)
    with pytest.raises(EngineRefused, match="belongs to somebody else"):
        stage.do(Machine("m", stage.shell, str(tmp_path / "theirs"), "python3").nodes())
    assert len(stage.do(Machine("m", stage.shell, str(tmp_path / "ours"), "/usr/bin/python3").nodes())) == 1
