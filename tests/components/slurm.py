"""A real Slurm with two nodes on loopback: munge, a controller and two node daemons in a temporary folder.

Needs the Debian packages slurm-wlm and munge, which `scripts/install-components` installs. Both nodes are this machine:
each offers two CPUs, the second also what counts as a GPU. Up in 3 to 6 seconds.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.components.mariadb import PASSWORD, USER, MariaDb
from tests.components.processes import ComponentFailed, accepts, free_ports, running, wait_until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "sinfo", "scontrol")
NODES = ("n1", "n2")
_CONFIGURATION = """
ClusterName=runyard
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller}
AuthType=auth/munge
AuthInfo=socket={home}/munge.sock
CryptoType=crypto/munge
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool/%n
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd-%n.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=256
JobAcctGatherType=jobacct_gather/none
{accounting}
SlurmctldTimeout=30
SlurmdTimeout=30
KillWait=15
MinJobAge={remembered_s}
GresTypes=gpu
NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port={n1} CPUs=2 RealMemory=4000 State=UNKNOWN
NodeName=n2 NodeHostname=localhost NodeAddr=127.0.0.1 Port={n2} CPUs=2 RealMemory=4000 Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
PartitionName=closed Nodes=n1 MaxTime=10 State=DOWN
"""

_NO_ACCOUNTING = "AccountingStorageType=accounting_storage/none"
_ACCOUNTING = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={port}
AccountingStoragePass={home}/munge.sock
"""
_KEEPER = """
AuthType=auth/munge
AuthInfo=socket={home}/munge.sock
DbdHost=localhost
DbdPort={port}
SlurmUser={user}
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={where}
StorageUser={login}
StoragePass={word}
StorageLoc={name}
LogFile={home}/slurmdbd.log
PidFile={home}/slurmdbd.pid
"""


@dataclass(frozen=True, slots=True)
class Slurm:
    """A running cluster.

    Attributes:
        environment: what its commands need to find it.
        home: where its configuration and logs are; `shared` is a folder for jobs.
    """

    home: Path
    shared: Path
    environment: Mapping[str, str]
    node_pids: Mapping[str, int]

    def command(self, *words: str) -> str:
        """The output of one of Slurm's commands. Raises: subprocess.CalledProcessError."""
        done = subprocess.run(
            words, env={**os.environ, **self.environment}, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def end_node(self, name: str) -> None:
        """Pull the plug: the node's daemon and what it started end at once."""
        os.kill(self.node_pids[name], signal.SIGKILL)
        for place in Path("/proc").glob("[0-9]*"):
            if self._is_on(place, name):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(place.name), signal.SIGKILL)

    def _is_on(self, place: Path, name: str) -> bool:
        """Whether a process was started by a node: Slurm's own by the log that it writes, jobs by what they are told."""
        log = str(self.home / f"slurmd-{name}.log")
        try:
            told = (place / "environ").read_bytes().split(b"\0")
            if f"SLURMD_NODENAME={name}".encode() in told:
                return f"SLURM_CONF={self.home}/slurm.conf".encode() in told
            return any(os.readlink(one) == log for one in (place / "fd").iterdir())
        except OSError:
            return False


def missing_programs() -> list[str]:
    """Name the programs that are not installed."""
    return [program for program in PROGRAMS if _program(program) is None]


def has_accounting() -> bool:
    """Whether slurmdbd is installed."""
    return _program("slurmdbd") is not None


@contextlib.contextmanager
def slurm(*, remembered_s: int = 300, accounting: MariaDb | None = None) -> Iterator[Slurm]:
    """Run a cluster until the block ends; its files are then deleted.

    Args:
        remembered_s: how long jobs that have ended are told of.
        accounting: where slurmdbd keeps what sacct tells; it needs the package slurmdbd.
    Raises: ComponentFailed, when it does not come up.
    """
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)
        for name in ("state", "spool", "shared"):
            (home / name).mkdir()
        key = home / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        controller, keeper, *ports = free_ports(2 + len(NODES))
        configuration = home / "slurm.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                home=home,
                user=getpass.getuser(),
                controller=controller,
                remembered_s=remembered_s,
                accounting=_NO_ACCOUNTING
                if accounting is None
                else _ACCOUNTING.format(home=home, port=keeper),
                **dict(zip(NODES, ports, strict=True)),
            )
        )
        (home / "gres.conf").write_text("NodeName=n2 Name=gpu File=/dev/zero\n")
        environment = {"SLURM_CONF": str(configuration)}
        with contextlib.ExitStack() as stack:
            _munge(stack, home, key)
            if accounting is not None:
                _keeper(stack, home, keeper, accounting)
            commands = {"slurmctld": ["slurmctld", "-D"]}
            commands |= {name: ["slurmd", "-D", "-N", name] for name in NODES}
            pids = {}
            for name, (program, *rest) in commands.items():
                command = [_required(program), *rest]
                process = stack.enter_context(
                    running(command, home / f"{name}.out", environment=environment, grace_s=20)
                )
                pids[name] = process.pid
            found = Slurm(home, home / "shared", environment, {name: pids[name] for name in NODES})
            wait_until(lambda: _idle(found), process, home / "slurmctld.log", limit_s=60)
            yield found
            with contextlib.suppress(subprocess.CalledProcessError):
                found.command("scancel", f"--user={getpass.getuser()}")


def _munge(stack: contextlib.ExitStack, home: Path, key: Path) -> None:
    command = [_required("munged"), "--foreground", "--force", f"--key-file={key}"]
    command += [f"--socket={home}/munge.sock", f"--pid-file={home}/munged.pid"]
    command += [f"--log-file={home}/munged.log", f"--seed-file={home}/munge.seed"]
    log = home / "munged.out"
    process = stack.enter_context(running(command, log))
    wait_until(lambda: (home / "munge.sock").exists(), process, log, limit_s=20)


def _keeper(stack: contextlib.ExitStack, home: Path, port: int, database: MariaDb) -> None:
    name = urlsplit(database.create_database()).path.strip("/")
    settings = home / "slurmdbd.conf"
    user = getpass.getuser()
    settings.write_text(
        _KEEPER.format(
            home=home, port=port, user=user, where=database.port, name=name, login=USER, word=PASSWORD
        )
    )
    settings.chmod(0o600)
    log = home / "slurmdbd.out"
    process = stack.enter_context(
        running([_required("slurmdbd"), "-D"], log, environment={"SLURM_CONF": str(home / "slurm.conf")})
    )
    wait_until(lambda: accepts(port), process, log, limit_s=60)


def _idle(cluster: Slurm) -> bool:
    try:
        return cluster.command("sinfo", "--noheader", "--format=%T", "--partition=main").split() == ["idle"]
    except subprocess.CalledProcessError:
        return False


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")


def _required(name: str) -> str:
    found = _program(name)
    if found is None:
        raise ComponentFailed(f"{name} not found: run scripts/install-components")
    return found
