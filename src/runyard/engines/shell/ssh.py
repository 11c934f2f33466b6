"""Another machine, reached by SSH: one connection, opened when it is needed and kept while it is used."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shlex
from collections.abc import Sequence

import asyncssh

from runyard.engines.contracts import EngineRefused, EngineUnreachable
from runyard.engines.shell.contracts import OUTPUT_BYTES, RUN_S, NotConnected, Ran, Reach
from runyard.engines.shell.login import SshLogin
from runyard.engines.shell.writing import put_by_program
from runyard.errors import RunyardError

logger = logging.getLogger(__name__)

AT_ONCE = 6  # sshd allows ten sessions on a connection unless it is told otherwise
IDLE_S = 180.0
_CONNECT_S = 10
_LOGIN_S = 20
_KEEPALIVE_S = 15
_PIECE = 65_536


class SshShell:
    """Connects with the given credentials only: no agent, no keys and no configuration of the server's own account.

    Raises: EngineRefused for keys that cannot be read.
    """

    def __init__(self, login: SshLogin, reach: Reach) -> None:
        self.describe = login.describe
        self._login = login
        self._reach = reach
        self._host_key = login.host_key
        self._client_key = _private_key(login) if login.private_key else None
        self._opening = asyncio.Lock()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._connection: asyncssh.SSHClientConnection | None = None
        self._home = ""
        self._running = 0
        self._idle: asyncio.TimerHandle | None = None

    async def run(self, argv: Sequence[str], stdin: bytes = b"", timeout_s: float = RUN_S) -> Ran:
        async with self._turns:
            self._running += 1
            try:
                process = await self._started(shlex.join(argv), timeout_s)
                async with asyncio.timeout(timeout_s):
                    return await _finished(process, stdin)
            except TimeoutError as exc:
                raise EngineUnreachable(f"{self.describe} did not answer within {timeout_s:.0f} s.") from exc
            except asyncssh.ChannelOpenError as exc:
                raise NotConnected(
                    f"{self.describe} takes no more sessions just now ({exc.reason[:200]})."
                ) from exc
            except (asyncssh.Error, OSError) as exc:
                await self.aclose()
                raise EngineUnreachable(
                    f"The connection to {self.describe} was lost ({type(exc).__name__})."
                ) from exc
            finally:
                self._running -= 1
                self._hang_up_later()

    async def put(self, content: bytes, path: str, mode: int) -> None:
        await put_by_program(self, content, path, mode)

    async def home(self) -> str:
        if not self._home:
            ran = await self.run(["sh", "-c", 'printf %s "$HOME"'])
            self._home = ran.stdout.decode("utf-8", "replace").strip() or "/"
        return self._home

    async def aclose(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
            with contextlib.suppress(asyncssh.Error, OSError, TimeoutError):
                async with asyncio.timeout(5):
                    await connection.wait_closed()

    def _hang_up_later(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._hang_up)

    def _hang_up(self) -> None:
        if self._connection is not None and self._running == 0:
            self._connection.close()
            self._connection = None

    async def _started(self, command: str, timeout_s: float) -> asyncssh.SSHClientProcess[bytes]:
        """The command as it begins. A connection that turns out to be gone began nothing: once, a new one is opened."""
        connection = await self._connected()
        try:
            async with asyncio.timeout(timeout_s):
                return await connection.create_process(command, encoding=None)
        except asyncssh.ChannelOpenError:
            await asyncio.sleep(0)  # what was lost is cleaned up in the next turn
            if not connection.is_closed():
                raise
        connection = await self._connected()
        async with asyncio.timeout(timeout_s):
            return await connection.create_process(command, encoding=None)

    async def _connected(self) -> asyncssh.SSHClientConnection:
        async with self._opening:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._open()
            return self._connection

    async def _open(self) -> asyncssh.SSHClientConnection:
        login = self._login
        try:
            if not self._host_key:
                await self._learn_host_key()
            return await asyncssh.connect(
                login.host,
                login.port,
                sock=await self._reach.connect(login.host, login.port),
                username=login.user,
                password=login.password or None,
                client_keys=None if self._client_key is None else [self._client_key],
                preferred_auth="publickey" if self._client_key else "password,keyboard-interactive",
                known_hosts=([_public_key(self._host_key)], [], []),
                config=None,
                agent_path=None,
                agent_forwarding=False,
                connect_timeout=_CONNECT_S,
                login_timeout=_LOGIN_S,
                keepalive_interval=_KEEPALIVE_S,
            )
        except asyncssh.HostKeyNotVerifiable as exc:
            raise NotConnected(
                f"{login.describe} shows another host key than the one that is fixed. If the machine was set up anew, update "
                'the compute target with its new host_key (or "" to learn it again); else somebody stands between.'
            ) from exc
        except asyncssh.PermissionDenied as exc:
            raise NotConnected(f"{login.describe} refuses the credentials of the compute target.") from exc
        except RunyardError as exc:  # a host that may not be reached, or that the target no longer has
            raise NotConnected(exc.message) from exc
        except (asyncssh.Error, OSError) as exc:
            logger.info("%s: %r", login.describe, exc)
            raise NotConnected(f"{login.describe} cannot be reached ({type(exc).__name__}).") from exc

    async def _learn_host_key(self) -> None:
        """The first connection: the key that it shows is fixed before anybody logs in."""
        login = self._login
        made = await self._reach.connect(login.host, login.port)
        async with asyncio.timeout(_CONNECT_S):
            key = await asyncssh.get_server_host_key(login.host, login.port, sock=made, config=None)
        if key is None:
            raise OSError("no host key")
        shown = key.export_public_key("openssh").decode().split()
        self._host_key = await self._reach.fix_host_key(login.host, login.port, " ".join(shown[:2]))


async def _finished(process: asyncssh.SSHClientProcess[bytes], stdin: bytes) -> Ran:
    feeding = asyncio.create_task(_feed(process, stdin))
    try:
        stdout, stderr = await asyncio.gather(_bounded(process.stdout), _bounded(process.stderr))
        done = await process.wait()
    finally:
        process.close()  # one that goes on is not waited for
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
    if done.exit_status is None and done.exit_signal is None:
        raise asyncssh.ConnectionLost("no exit status")
    return Ran(-1 if done.exit_status is None else done.exit_status, stdout, stderr)


async def _feed(process: asyncssh.SSHClientProcess[bytes], stdin: bytes) -> None:
    for start in range(0, len(stdin), _PIECE):
        process.stdin.write(stdin[start : start + _PIECE])
        await process.stdin.drain()
    process.stdin.write_eof()


async def _bounded(stream: asyncssh.SSHReader[bytes]) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := await stream.read(_PIECE):
        size += len(piece)
        if size > OUTPUT_BYTES:
            raise asyncssh.ConnectionLost("too much output")
        pieces.append(piece)
    return b"".join(pieces)


def _public_key(text: str) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_public_key(text.strip())
    except (asyncssh.KeyImportError, ValueError) as exc:
        raise NotConnected(
            "The host_key of the compute target is no public key such as 'ssh-ed25519 AAAA…'."
        ) from exc


def _private_key(login: SshLogin) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(login.private_key, login.passphrase or None)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError):
        raise EngineRefused(
            "The private key of the compute target cannot be read: give the whole file, from -----BEGIN to END-----, and its "
            "passphrase if it has one."
        ) from None
