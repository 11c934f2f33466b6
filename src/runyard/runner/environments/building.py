"""The environment of a job: the one that is there, or a new one."""

from __future__ import annotations

import hashlib
import json
import os
import re
import ssl
from dataclasses import replace
from typing import Any, Callable, Mapping, Sequence

from .. import variables
from ..exchange import Exchange
from ..job_file import JobFile
from ..processes import MARK
from ..ranks import node_rank
from . import conda_names
from .cache import Cache, Place
from .commands import BuildLog
from .conda import Conda, find_conda, python_of
from .containers import Container, open_container, wants_container
from .interpreters import Interpreter, choose, find_all
from .locked_folder import turn
from .locks import Locks
from .making import Making, PackagesFailed
from .managed import interpreter_of, is_user_managed, of_machine
from .own_packages import OwnPackages, may_be_own, separate, stamp
from .pip import Pip
from .prepared import EnvironmentFailed, Prepared
from .uv import OLDEST, Uv, find_uv
from .wanted import Wanted, read_wanted

TRIED = 3  # Pythons, where none is asked for and the packages are not to be had for the first
KEY_LENGTH = 32


class Builder:
    """Makes the environment of one job.

    Args:
        environment: its definition. known_hash: what the server calls it, for the versions that were locked.
        snapshot_id: of the sources, for environments that files of them are installed in.
        work: where the sources are. private: folder for files that only this job reads.
    """

    def __init__(
        self,
        job: JobFile,
        environment: Mapping[str, Any],
        known_hash: str,
        snapshot_id: str,
        exchange: Exchange,
        log: BuildLog,
        work: str,
        private: str,
    ) -> None:
        self._job = job
        self._name = str(environment.get("name") or "of this job")
        self._environment = environment
        self._managed = is_user_managed(environment)
        self._wanted = read_wanted(environment)
        self._hash = known_hash or _hash(environment)
        self._snapshot_id = snapshot_id
        self._exchange = exchange
        self._log = log
        self._cache = Cache(job.folder)
        self._work = work
        self._private = private

    def prepare(self) -> Prepared:
        """Raises: EnvironmentFailed."""
        os.makedirs(self._private, mode=0o700, exist_ok=True)
        machine = self._machine()
        container = self._container(machine) if wants_container(self._wanted, self._log) else None
        if self._managed:
            if container is None:
                return of_machine(self._environment, self._job.python)
            return Prepared(python=interpreter_of(self._environment), container=container)
        key = self._key()
        found = self._cache.find(key)
        if found is not None:
            self._log.say(f"The environment {self._name} is here already: {os.path.dirname(found.path)}")
        else:
            self._cache.tidy()
            found = self._made(key, machine, container)
        return replace(found, container=container)

    def _container(self, machine: Mapping[str, str]) -> Container:
        name = f"runyard-{self._job.run_id}-{node_rank()}"
        return open_container(self._wanted, machine, name, [self._job.folder], self._private, self._log)

    def _key(self) -> str:
        """What an environment must have been made for: the definition, and what else it depends on."""
        parts = [self._hash]
        if self._wanted.is_local:
            parts.append(self._snapshot_id)
        if any(may_be_own(line) for line in self._wanted.pip):
            parts.append(stamp(self._whole()))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:KEY_LENGTH]

    def _whole(self) -> Exchange:
        return Exchange(self._job.server, "", self._job.token, self._job.ca_file)

    def _made(self, key: str, machine: dict[str, str], container: Container | None) -> Prepared:
        self._log.say(f"The environment {self._name} ({self._hash[:12]}) is being made.")
        conda = find_conda(machine) if self._wanted.conda and container is None else None
        packages = separate(self._wanted.pip if conda else self._lines(), self._whole())
        for note in packages.notes:
            self._log.say(note)
        found = find_all(self._job.python)
        uv = find_uv(self._job.folder, found, self._log, machine)
        if container is not None:
            found = container.pythons()
            if uv is not None:
                container = replace(container, mounts=[*container.mounts, uv])
                uv = uv if container.works([uv, "--version"]) else None
            machine["UV_CACHE_DIR"] = os.path.join(self._job.folder, "cache-uv")
        if conda is not None:
            return self._with_conda(conda, key, packages, uv, machine)
        fitting = choose(self._wanted.python, found, packages.least, ", ".join(packages.lines))
        pythons = _different(fitting, self._wanted)
        return self._first_that_works(key, pythons, packages, uv, machine, container)

    def _lines(self) -> list[str]:
        lines, needless = conda_names.requirements(self._wanted.conda)
        if lines:
            self._log.say(
                f"This machine has no conda; from the Python package index come {', '.join(lines)}."
            )
        if needless:
            self._log.say(f"Not needed without conda: {', '.join(needless)}.")
        return [*lines, *self._wanted.pip]

    def _with_conda(
        self, conda: str, key: str, packages: OwnPackages, uv: str | None, machine: Mapping[str, str]
    ) -> Prepared:
        python = python_of(self._wanted, packages.least)
        maker = Conda(conda)

        def make(making: Making) -> None:
            python_made = maker.make(making, self._wanted, python)
            if making.has_packages:
                (Uv(uv) if uv else Pip()).add(replace(making, interpreter=python_made, locks=None))

        wished = Interpreter(conda, (3, _second(python), 0))
        return self._one(self._making(key, wished, packages, machine), make)

    def _first_that_works(
        self,
        key: str,
        pythons: Sequence[Interpreter],
        packages: OwnPackages,
        uv: str | None,
        machine: Mapping[str, str],
        container: Container | None,
    ) -> Prepared:
        first: PackagesFailed | None = None
        for python in pythons:
            self._log.say(f"Python {python.text} at {python.path}")
            maker = Uv(uv) if uv is not None and python.version[:2] >= OLDEST else Pip()
            try:
                return self._one(self._making(key, python, packages, machine, container), maker.make)
            except PackagesFailed as exc:
                first = first or exc
                if not exc.maybe:
                    raise
                self._log.say(f"Not for Python {python.text}.")
        assert first is not None  # there is at least one Python
        raise first

    def _one(self, making: Making, make: Callable[[Making], None]) -> Prepared:
        place = making.place
        with turn(place.turn, self._log):
            found = place.ready()
            if found is not None:
                self._log.say("Another job has made it meanwhile.")
                return found
            place.clear()
            try:
                make(making)
                place.complete(making.interpreter.path, making.container.image if making.container else "")
            except BaseException:
                place.clear()
                raise
            made = place.ready()
        if made is None:
            raise EnvironmentFailed(f"The environment in {place.folder} is not complete after it was made.")
        self._log.say(f"It is ready, with {len(made.packages)} packages: {place.folder}")
        return made

    def _making(
        self,
        key: str,
        python: Interpreter,
        packages: OwnPackages,
        machine: Mapping[str, str],
        container: Container | None = None,
    ) -> Making:
        local = self._wanted.is_local
        place: Place = self._cache.place(key, python)
        return Making(
            name=self._name,
            place=place,
            interpreter=python,
            packages=packages,
            locks=None if local else Locks(self._exchange, self._hash),
            log=self._log,
            private=self._private,
            working=self._private,
            sources=self._work if local else "",
            machine=machine,
            server=self._job.server,
            token=self._job.token,
            bundle=self._bundle(needed=container is not None),
            container=container,
        )

    def _machine(self) -> dict[str, str]:
        """The machine's variables, its settings for installers included, marked as this job's."""
        found = variables.of_machine(own_python=True)
        if not os.access(os.path.expanduser("~"), os.W_OK):  # such as that of a user whose home is elsewhere
            kept = os.path.join(self._job.folder, "cache")
            found = {"UV_CACHE_DIR": kept + "-uv", "PIP_CACHE_DIR": kept + "-pip", **found}
        return {**found, MARK: variables.mark(self._job)}

    def _bundle(self, *, needed: bool) -> str:
        """One file with the machine's certificates and the server's, as installers take only one."""
        if not self._job.ca_file and not needed:
            return ""
        usual = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile or ""
        path = os.path.join(self._private, "certificates.pem")
        with open(path, "wb") as bundle:
            for source in (usual, os.path.expanduser(self._job.ca_file or "")):
                if source and os.path.isfile(source):
                    with open(source, "rb") as file:
                        bundle.write(file.read() + b"\n")
        return path


def _different(fitting: Sequence[Interpreter], wanted: Wanted) -> list[Interpreter]:
    """One of each minor version; only the first where a version is asked for."""
    found = {fitting[0].minor: fitting[0]}
    for one in () if wanted.python else fitting:
        if one.version[:2] >= OLDEST:
            found.setdefault(one.minor, one)
    return list(found.values())[:TRIED]


def _second(python: str) -> int:
    """Of a version as conda writes it: 11 of `=3.11.4`; 0 where it says none."""
    found = re.search(r"3\.(\d+)", python)
    return int(found.group(1)) if found else 0


def _hash(environment: Mapping[str, Any]) -> str:
    parts = {name: environment.get(name) for name in ("python", "docker")}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
