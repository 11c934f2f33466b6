"""One SSH connection, opened when it is needed and again when it was lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator

import asyncssh

from runyard.artifacts.sftp.login import SftpLogin
from runyard.errors import InvalidInput, StorageUnavailable

logger = logging.getLogger(__name__)

_CONNECT_S = 10
_LOGIN_S = 20
_KEEPALIVE_S = 15
_LOST = (asyncssh.DisconnectError, asyncssh.ChannelOpenError, asyncssh.SFTPConnectionLost, OSError)


class SftpConnection:
    """Connects with the given credentials only: no agent, no keys and no configuration of the server's own account.

    Args:
        connect: makes the connection to a host and port; what it raises is OSError or ours.
    Raises: InvalidInput for keys that cannot be read.
    """

    def __init__(self, login: SftpLogin, connect: Callable[[str, int], Awaitable[socket.socket]]) -> None:
        self._login = login
        self._connect = connect
        self._host_key = _public_key(login.host_key)
        self._client_key = _private_key(login) if login.private_key else None
        self._opening = asyncio.Lock()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    async def client(self) -> asyncssh.SFTPClient:
        """The session. Raises: StorageUnavailable; InvalidInput for a host that may not be reached."""
        async with self._opening:
            if self._client is None or self._connection is None or self._connection.is_closed():
                await self._open()
            assert self._client is not None
            return self._client

    async def aclose(self) -> None:
        """Hang up. May be called twice."""
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.close()
            with contextlib.suppress(asyncssh.Error, OSError):
                await connection.wait_closed()

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        """Turn a lost connection into our error; the next call connects again."""
        try:
            yield
        except _LOST as exc:
            logger.warning("%s: %s", self._login.describe, type(exc).__name__)
            raise StorageUnavailable(f"{self._login.describe} does not answer; try again later.") from exc

    async def _open(self) -> None:
        await self.aclose()
        login = self._login
        try:
            async with asyncio.timeout(_CONNECT_S):
                made = await self._connect(login.host, login.port)
            self._connection = await asyncssh.connect(
                login.host,
                login.port,
                sock=made,
                username=login.user,
                password=login.password,
                client_keys=None if self._client_key is None else [self._client_key],
                preferred_auth="publickey" if self._client_key else "password,keyboard-interactive",
                known_hosts=([self._host_key], [], []),
                config=None,
                agent_path=None,
                agent_forwarding=False,
                connect_timeout=_CONNECT_S,
                login_timeout=_LOGIN_S,
                keepalive_interval=_KEEPALIVE_S,
            )
            self._client = await self._connection.start_sftp_client()
        except asyncssh.HostKeyNotVerifiable as exc:
            raise StorageUnavailable(
                f"{login.describe} shows another host key than the one that was registered. If the server was set up "
                "anew, register the datastore again with its new key; else somebody stands between."
            ) from exc
        except asyncssh.PermissionDenied as exc:
            raise StorageUnavailable(f"{login.describe} refuses the credentials of the datastore.") from exc
        except (asyncssh.Error, OSError) as exc:
            logger.warning("%s: %s", login.describe, type(exc).__name__)
            raise StorageUnavailable(
                f"{login.describe} cannot be reached ({type(exc).__name__}); try again later."
            ) from exc


def _public_key(text: str) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_public_key(text.strip())
    except (asyncssh.KeyImportError, ValueError) as exc:
        raise InvalidInput(
            "host_key is not a public key such as 'ssh-ed25519 AAAA…'. `ssh-keyscan HOST` shows the server's; compare "
            "its fingerprint with what the server's administrator says."
        ) from exc


def _private_key(login: SftpLogin) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(login.private_key or "", login.passphrase)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError):
        raise InvalidInput(
            "private_key cannot be read: give the whole file, from -----BEGIN to END-----, and its passphrase if it "
            "has one."
        ) from None
