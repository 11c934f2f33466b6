"""The server's own machine."""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from runyard.engines.contracts import EngineRefused, EngineUnreachable
from runyard.engines.shell.contracts import OUTPUT_BYTES, RUN_S, Ran
from runyard.engines.shell.writing import put_by_program

AT_ONCE = 8
_NOT_FOR_JOBS = re.compile(
    r"(RUNYARD|MLFLOW|AZUREML|AWS|AZURE|GOOGLE|PG|PYTHON|PYTEST|VIRTUAL_ENV)|.*(SECRET|TOKEN|PASSW|CREDENTIAL|_KEY)",
    re.IGNORECASE,
)
_FOR_OTHERS = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "NO_PROXY", "no_proxy")
_FOR_OTHERS_ALSO = re.compile(
    r"(HTTPS?|ALL)_PROXY|(UV|PIP)_(INDEX|DEFAULT|EXTRA)\w*|UV_PYTHON\w*", re.IGNORECASE
)


class LocalShell:
    """Runs programs here, as the server's user or, where the server is root, as another.

    The server's environment may hold its secrets, so what looks like one is not handed on.

    Args:
        user: login name; empty: the server's own user.
    Raises: EngineRefused, when there is no such user, or the server may not act for others.
    """

    describe = "the server's machine"

    def __init__(self, user: str = "") -> None:
        self._user = _account(user) if user else None
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="runyard-shell")

    async def run(self, argv: Sequence[str], stdin: bytes = b"", timeout_s: float = RUN_S) -> Ran:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._run, list(argv), stdin, timeout_s)
        except subprocess.TimeoutExpired as exc:
            raise EngineUnreachable(
                f"{argv[0]} did not end within {timeout_s:.0f} s on {self.describe}."
            ) from exc
        except (FileNotFoundError, PermissionError) as exc:
            return Ran(127, b"", str(exc).encode())
        except (OSError, RuntimeError) as exc:  # no memory, too many processes; closed
            raise EngineUnreachable(f"{argv[0]} cannot be started on {self.describe}: {exc}") from exc

    async def put(self, content: bytes, path: str, mode: int) -> None:
        await put_by_program(self, content, path, mode)

    async def home(self) -> str:
        return os.path.expanduser("~") if self._user is None else self._user.pw_dir

    async def aclose(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _run(self, argv: list[str], stdin: bytes, timeout_s: float) -> Ran:
        user = self._user
        done = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            cwd="/",
            env=_environment(os.environ, user),
            start_new_session=True,
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            extra_groups=None if user is None else os.getgrouplist(user.pw_name, user.pw_gid),
        )
        return Ran(done.returncode, done.stdout[:OUTPUT_BYTES], done.stderr[:OUTPUT_BYTES])


def _environment(own: Mapping[str, str], user: pwd.struct_passwd | None) -> dict[str, str]:
    if user is None:
        return {name: value for name, value in own.items() if not _NOT_FOR_JOBS.match(name)}
    found = {
        name: value for name, value in own.items() if name in _FOR_OTHERS or _FOR_OTHERS_ALSO.fullmatch(name)
    }
    return {**found, "HOME": user.pw_dir, "USER": user.pw_name, "LOGNAME": user.pw_name}


def _account(name: str) -> pwd.struct_passwd:
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        raise EngineRefused(f"There is no user {name!r} on the server's machine.") from None
    if os.geteuid() not in (0, found.pw_uid):
        raise EngineRefused(f"Only a server that runs as root can run jobs as {name!r}.")
    return found
