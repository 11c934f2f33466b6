"""Environments in an image: podman or docker, where the machine has one of them."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass, replace
from typing import Iterable, Mapping, Sequence

from .commands import BuildLog
from .interpreters import Interpreter
from .prepared import EnvironmentFailed
from .wanted import Wanted

PROGRAMS = ("podman", "docker")
SETTING = "RUNYARD_CONTAINERS"  # path of the program; "off": none is used
AZURES_OWN = "mcr.microsoft.com/azureml/"  # images that only bring what the machine has already
ASK_S = 120.0
_PYTHONS = [f"python3.{minor}" for minor in range(20, 7, -1)]
_FIND = "for one in {names} python3 python; do command -v $one; done; true"
_TELL = "import sys; print('%d.%d.%d' % sys.version_info[:3])"


@dataclass(frozen=True)
class Container:
    """How commands run in an image.

    Attributes:
        name: of the container, by which it is ended. mounts: folders that are there under the same path.
        options: for the program, before the image.
    """

    program: str
    image: str
    name: str
    mounts: Sequence[str] = ()
    options: Sequence[str] = ()

    def command(self, words: Sequence[str], folder: str, names: Iterable[str], number: int = 0) -> list[str]:
        """A command in it. Variables are named only: their values are those of the process that runs the command."""
        mounted = [word for path in self.mounts for word in ("--volume", f"{path}:{path}")]
        passed = [word for name in sorted(names) for word in ("--env", name)]
        return [
            *(self.program, "run", "--rm", "--name", f"{self.name}-{number}", "--network", "host"),
            *("--workdir", folder, *mounted, *passed, *_user(self.program), *self.options),
            *(self.image, *words),
        ]

    def remove(self, number: int = 0) -> None:
        """End it, if it is there."""
        remove(self.program, f"{self.name}-{number}")

    def with_gpus(self, gpus: Sequence[int] | None) -> Container:
        """The same with the GPUs of the job."""
        if not gpus:
            return self
        if os.path.basename(self.program) == "docker":
            given = ["--gpus", '"device=' + ",".join(str(one) for one in gpus) + '"']
        else:
            given = [word for one in gpus for word in ("--device", f"nvidia.com/gpu={one}")]
        return replace(self, options=[*self.options, *given])

    def works(self, words: Sequence[str]) -> bool:
        """Whether a command of the machine runs in it too."""
        return _works(self.command(words, "/", (), 99))

    def knows(self, value: str) -> bool:
        """Whether what a variable names is there too, if it is a path."""
        path = value[7:] if value.startswith("file://") else value
        return not path.startswith("/") or any(path.startswith(mount) for mount in self.mounts)

    def pythons(self) -> list[Interpreter]:
        """The interpreters of the image."""
        shown = self._ask(["sh", "-c", _FIND.format(names=" ".join(_PYTHONS))])
        found = []
        for path in dict.fromkeys(shown.split()):
            try:
                major, minor, patch = (int(one) for one in self._ask([path, "-c", _TELL]).split("."))
            except ValueError:
                continue
            found.append(Interpreter(path, (major, minor, patch)))
        return found

    def _ask(self, words: Sequence[str]) -> str:
        try:
            done = subprocess.run(
                [self.program, "run", "--rm", "--network", "none", self.image, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=600,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise EnvironmentFailed(f"{self.program} does not run {self.image}: {exc}") from exc
        if done.returncode:
            raise EnvironmentFailed(
                f"{self.program} does not run {shlex.join(words)} in {self.image}: "
                f"{done.stdout.decode(errors='replace').strip()[-1000:]}"
            )
        return done.stdout.decode()


def remove(program: str, name: str) -> None:
    """End a container of that name, if it is there."""
    try:
        subprocess.run(
            [program, "rm", "--force", name], stdin=-3, stdout=-3, stderr=-3, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return


def wants_container(wanted: Wanted, log: BuildLog) -> bool:
    """Whether an image is asked for that is more than what the machine has already."""
    if wanted.image.startswith(AZURES_OWN) and not wanted.dockerfile:
        log.say(f"{wanted.image} is the base that Azure ML itself puts below; here the machine is that base.")
        return False
    return bool(wanted.image or wanted.dockerfile)


def open_container(
    wanted: Wanted, machine: Mapping[str, str], name: str, mounts: Sequence[str], private: str, log: BuildLog
) -> Container:
    """The image, fetched or built now where it is not there.

    Raises: EnvironmentFailed.
    """
    program = _find(machine)
    if program is None:
        raise EnvironmentFailed(
            f"The environment asks for the image {wanted.image or 'of its base_dockerfile'}, and this machine has neither "
            "podman nor docker that answers. Install one, submit to a target that has it, or leave docker.enabled off."
        )
    image = _build(program, wanted, machine, private, log) if wanted.dockerfile else wanted.image
    if not wanted.dockerfile and not _there(program, image):
        if log.run([program, "pull", image], machine, private):
            raise EnvironmentFailed(f"The image {image} cannot be fetched: {log.last_words()}")
    shm = str(wanted.docker.get("shmSize") or "")
    options = [
        *(["--shm-size", shm] if shm else []),
        *(str(one) for one in wanted.docker.get("arguments") or ()),
    ]
    return Container(program, image, name, mounts, options)


def _build(program: str, wanted: Wanted, machine: Mapping[str, str], private: str, log: BuildLog) -> str:
    image = f"localhost/runyard-{hashlib.sha256(wanted.dockerfile.encode()).hexdigest()[:32]}:1"
    if _there(program, image):
        return image
    context = os.path.join(private, "image")
    os.makedirs(context, mode=0o700, exist_ok=True)
    with open(os.path.join(context, "Dockerfile"), "w", encoding="utf-8") as file:
        file.write(wanted.dockerfile)
    network = ["--network", "host"]
    if log.run([program, "build", *network, "--tag", image, context], machine, private):
        raise EnvironmentFailed(f"The image of base_dockerfile cannot be built: {log.last_words()}")
    return image


def _there(program: str, image: str) -> bool:
    return _works([program, "image", "inspect", image])


def _find(machine: Mapping[str, str]) -> str | None:
    named = machine.get(SETTING, "")
    if named:
        return None if named == "off" else shutil.which(os.path.expanduser(named))
    for name in PROGRAMS:
        found = shutil.which(name)
        if found and _works([found, "version"]):  # docker alone is only half of it
            return found
    return None


def _works(command: Sequence[str]) -> bool:
    try:
        return not subprocess.run(
            command, stdin=-3, stdout=-3, stderr=-3, timeout=ASK_S, check=False
        ).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False


def _user(program: str) -> list[str]:
    """What is written below the mounts belongs to whoever runs this."""
    if os.getuid() == 0:
        return []
    if os.path.basename(program) == "podman":
        return ["--userns", "keep-id"]
    return ["--user", f"{os.getuid()}:{os.getgid()}"]
