"""What the settings and credentials of each kind of compute target hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

DEFAULT_SSH_PORT = 22


class Shape(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A field that nobody knows is a mistake, and is told."""


class LocalSettings(Shape, frozen=True, omit_defaults=True):
    """The server's own machine.

    Attributes:
        folder: where work lies; empty: a folder in the server's data directory.
        python: of the runner, and for environments that name none; empty: the server's.
        user: whom jobs run as, where the server is root; empty: the server's own user.
        jobs_at_once: 0: as many as the machine has processors, unless the target's limits say something else.
    """

    folder: str = ""
    python: str = ""
    user: str = ""
    jobs_at_once: int = 0


class SshHost(Shape, frozen=True, omit_defaults=True):
    """A machine, and its public key as in a known_hosts file without the name; empty: learnt at the first connection."""

    address: str
    port: int = DEFAULT_SSH_PORT
    host_key: str = ""


class SshSettings(Shape, frozen=True, omit_defaults=True):
    """Machines that are reached by SSH.

    Attributes:
        folder: of each, where work lies; `~/` is the user's home there.
        python: an interpreter there, 3.8 or later, that the runner is started with.
        jobs_per_host: at once.
    """

    hosts: Sequence[SshHost]
    username: str
    folder: str = "~/.runyard"
    python: str = "python3"
    jobs_per_host: int = 1


class SlurmSettings(Shape, frozen=True, omit_defaults=True):
    """A Slurm cluster.

    Attributes:
        hosts: login nodes, tried in turn; empty: the server's own machine has Slurm's commands.
        folder: where work lies, the same for all nodes.
        sbatch: further options, such as `--extra=x`. modules: loaded before the runner starts.
        slurm_conf: Slurm's configuration, where its commands do not find it by themselves.
    """

    hosts: Sequence[SshHost] = ()
    username: str = ""
    folder: str = "~/.runyard"
    python: str = "python3"
    partition: str = ""
    account: str = ""
    qos: str = ""
    sbatch: Sequence[str] = ()
    modules: Sequence[str] = ()
    slurm_conf: str = ""


class RaySettings(Shape, frozen=True, omit_defaults=True):
    """A Ray cluster, by the address of its Jobs API."""

    address: str
    headers: Mapping[str, str] = {}
    folder: str = "~/.runyard"
    python: str = "python3"


class PoolSettings(Shape, frozen=True, omit_defaults=True):
    """A pool has what its base has."""


class NoCredentials(Shape, frozen=True, omit_defaults=True):
    """None are needed."""


class SshCredentials(Shape, frozen=True, omit_defaults=True):
    """One of password and private key."""

    password: str = ""
    private_key: str = ""
    private_key_passphrase: str = ""


class RayCredentials(Shape, frozen=True, omit_defaults=True):
    """Headers that are sent and never shown."""

    headers: Mapping[str, str] = {}


SHAPES: Mapping[str, tuple[type[Shape], type[Shape]]] = {
    "local": (LocalSettings, NoCredentials),
    "ssh": (SshSettings, SshCredentials),
    "slurm": (SlurmSettings, SshCredentials),
    "ray": (RaySettings, RayCredentials),
    "pool": (PoolSettings, NoCredentials),
}
PLACES = ("hosts", "username", "address")
"""Fields that say where credentials are sent to."""
