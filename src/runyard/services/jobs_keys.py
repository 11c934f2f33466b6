"""The access tokens of jobs: made when they are submitted, kept encrypted until their runners have begun."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from runyard.entities.access import expand
from runyard.entities.job import TOKEN_ACTIONS, Job
from runyard.errors import InvalidState
from runyard.services.identity import TOKEN_PREFIX, hash_secret
from runyard.services.vault import Vault
from runyard.store.job_contracts import JobSecrets, SealedKeys

QUEUED_LIFE_S = 86_400  # until it has begun; renewed while it waits
LIFE_S = 3_600  # after each sign of life
CODE_BYTES = 32
PURPOSE, CODE_PURPOSE = "job token", "job code"


class Keys(NamedTuple):
    """What an engine is given. `code` is good for the token, once."""

    token: str
    code: str


class KeyStore(Protocol):
    """Where sealed secrets of jobs are."""

    async def keys(self, row: int) -> SealedKeys:
        """Empty where the runner has begun or the job has ended."""
        ...


class JobKeys:
    """Makes and opens them.

    Args:
        clock: seconds since 1970.
    """

    def __init__(self, vault: Vault, store: KeyStore, clock: Callable[[], float] = time.time) -> None:
        self._vault = vault
        self._store = store
        self._clock = clock

    def make(
        self, workspace_id: int, run_id: str, *, allowed: Sequence[str] = ("*",), made_with: str = ""
    ) -> tuple[str, JobSecrets]:
        """A new token, and what is stored of it.

        Args:
            allowed: patterns of actions; what the credential of who submits does not allow, the job's does not.
            made_with: uuid of that credential, where it is an access token.
        """
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        code = secrets.token_urlsafe(CODE_BYTES)
        place = (str(workspace_id), run_id)
        return token, JobSecrets(
            _within(allowed),
            int((self._clock() + QUEUED_LIFE_S) * 1000),
            hash_secret(token),
            self._vault.seal(token.encode(), PURPOSE, *place),
            hash_code(code),
            self._vault.seal(code.encode(), CODE_PURPOSE, *place),
            made_with,
        )

    async def of(self, job: Job) -> Keys:
        """Those of a job that is to be handed over.

        Raises: InvalidState, when its runner has begun or the server's secret key is another one now; CorruptData.
        """
        sealed = await self._store.keys(job.row)
        if not sealed.token:
            raise InvalidState(f"The job of run {job.run_id} has begun: its token was handed over.")
        code = self._vault.open(sealed.code, CODE_PURPOSE, str(job.workspace_id), job.run_id)
        return Keys(self.open(sealed.token, job.workspace_id, job.run_id), code.decode())

    def open(self, sealed: bytes, workspace_id: int, run_id: str) -> str:
        """A token. Raises: as `of`."""
        return self._vault.open(sealed, PURPOSE, str(workspace_id), run_id).decode()


def _within(allowed: Sequence[str]) -> Sequence[str]:
    """What a job's token allows at most, as far as another credential does."""
    most = expand(TOKEN_ACTIONS)
    some = most & expand(tuple(allowed))
    return TOKEN_ACTIONS if some == most else sorted(some)


def hash_code(code: str) -> str:
    """What is stored of a code."""
    return hashlib.sha256(code.encode(errors="replace")).hexdigest()
