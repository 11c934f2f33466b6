"""Failed logins slow down whoever tries, and nobody else."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from runyard.errors import StorageUnavailable, TooManyRequests, shown
from runyard.store.identity_contracts import FailedLogins, LoginFailures

FREE_FAILURES = 10  # of one account at one address
FREE_AT_ADDRESS = 100  # of all accounts at one address
WINDOW_S = 60.0
LONGEST_S = 900.0
NEVER = FailedLogins(0, 0)


class Attempt:
    """A login that is being checked. Whoever checks it says when it was right."""

    right = False


class LoginThrottle:
    """Counts failures per account and address, and per address: some within a minute are free, then each doubles the wait.

    Nobody is locked out for good, and another address is not affected; an address of IPv6 is its network of 64 bits,
    which one client has whole. The counts are in the database, for all server processes.

    Args:
        clock: seconds since 1970.
        proxies: it is known which addresses are proxies. Else one on this machine is the address of everybody behind it,
            so that loopback has no limit of its own.
    """

    def __init__(self, store: LoginFailures, clock: Callable[[], float], *, proxies: bool) -> None:
        self._store = store
        self._clock = clock
        self._proxies = proxies
        self._running: Counter[str] = Counter()  # attempts that are being checked in this process

    @asynccontextmanager
    async def attempt(self, account: str, remote: str) -> AsyncIterator[Attempt]:
        """An attempt, which counts as failed while it is checked, so that many at once do not slip through. Unless it is
        marked as right then, it stays counted.

        Cost: one small read, one write for a failure.
        Raises: TooManyRequests while the account must wait at this address.
        """
        limits = self._limits(account, remote)
        ahead = {key: self._running[key] for key in limits}
        self._running.update(limits.keys())
        try:
            known = await self._store.failed_logins(list(limits))
            self._check(account, limits, known, ahead)
            attempt = Attempt()
            try:
                yield attempt
            finally:
                await self._note(attempt.right, limits, known)
        finally:
            self._running.subtract(limits.keys())
            for key in limits:
                if not self._running[key]:
                    del self._running[key]

    def _limits(self, account: str, remote: str) -> dict[str, int]:
        """What is counted, and how many failures of it are free; the account's comes first."""
        address = _address(remote)
        limits = {_key(account, address): FREE_FAILURES}
        if self._proxies or not _is_loopback(remote):
            limits[_key(None, address)] = FREE_AT_ADDRESS
        return limits

    def _check(
        self,
        account: str,
        limits: Mapping[str, int],
        known: Mapping[str, FailedLogins],
        ahead: Mapping[str, int],
    ) -> None:
        now = self._clock()
        for key, free in limits.items():
            found = self._counted(known, key, free, now)
            last = now if ahead[key] else min(found.last_ms / 1000, now)
            wait_s = last + _pause_s(found.count + ahead[key] - free) - now
            if wait_s > 0:
                seconds = int(wait_s) + 1
                raise TooManyRequests(
                    f"Too many failed logins as {shown(account)}. Wait {seconds} seconds.", seconds
                )

    async def _note(self, right: bool, limits: Mapping[str, int], known: Mapping[str, FailedLogins]) -> None:
        if right:
            mine = next(iter(limits))
            if mine in known:
                with contextlib.suppress(
                    StorageUnavailable
                ):  # who may read still can when nothing can be written
                    await self._store.forget_failed_logins(mine)
            return
        now = self._clock()
        stale = {
            key: found.last_ms
            for key, found in known.items()
            if self._counted(known, key, limits[key], now) is NEVER
        }
        forgotten_ms = int((now - WINDOW_S - LONGEST_S) * 1000)
        await self._store.add_failed_login(list(limits), int(now * 1000), stale, forgotten_ms)

    @staticmethod
    def _counted(known: Mapping[str, FailedLogins], key: str, free: int, now: float) -> FailedLogins:
        """What is known and not so old that it is forgiven."""
        found = known.get(key, NEVER)
        quiet_s = now - found.last_ms / 1000
        return NEVER if quiet_s > WINDOW_S + _pause_s(found.count - free) else found


def _key(account: str | None, address: str) -> str:
    text = address if account is None else f"{address}\0{account}"
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _address(remote: str) -> str:
    """What one client has: an address of IPv4, or a network of IPv6."""
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(remote)
        mapped = getattr(address, "ipv4_mapped", None)
        if address.version == 6 and mapped is None:
            return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
        return str(mapped or address)
    return remote


def _is_loopback(remote: str) -> bool:
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(remote)
        return bool((getattr(address, "ipv4_mapped", None) or address).is_loopback)
    return False


def _pause_s(over: int) -> float:
    """How long to wait after so many failures more than are free."""
    return 0.0 if over < 0 else min(float(2 ** min(over, 20)) * 6.0, LONGEST_S)
