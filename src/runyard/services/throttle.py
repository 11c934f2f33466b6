"""Failed logins slow down whoever tries, and nobody else."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable

from runyard.errors import TooManyRequests, shown

FREE_FAILURES = 10  # of one account at one address
FREE_AT_ADDRESS = 100  # of all accounts at one address
WINDOW_S = 60.0
LONGEST_S = 900.0
REMEMBERED = 10_000

Key = tuple[str | None, str]


class LoginThrottle:
    """Counts failures per account and address, and per address: some within a minute are free, then each doubles the wait.

    Nobody is locked out for good, and another address is not affected. Counted per server process.
    A proxy on the same machine is the address of everybody behind it, so that loopback has no limit of its own.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: OrderedDict[Key, tuple[int, float]] = OrderedDict()

    def attempt(self, account: str, remote: str) -> None:
        """An attempt, which counts as failed until it `succeeded`, so that many at once do not slip through.

        Raises: TooManyRequests while the account must wait at this address.
        """
        limits: list[tuple[Key, int]] = [((account, remote), FREE_FAILURES)]
        if not _is_loopback(remote):
            limits.append(((None, remote), FREE_AT_ADDRESS))
        now = self._clock()
        for key, free in limits:
            count, last = self._failures.get(key, (0, now))
            wait_s = last + _pause_s(count - free) - now
            if wait_s > 0:
                seconds = int(wait_s) + 1
                raise TooManyRequests(
                    f"Too many failed logins as {shown(account)}. Wait {seconds} seconds.", seconds
                )
        for key, free in limits:
            count, last = self._failures.pop(key, (0, now))
            if now - last > WINDOW_S + _pause_s(count - free):
                count = 0
            self._failures[key] = (count + 1, now)
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, account: str, remote: str) -> None:
        """Forget the account's failures, and that this attempt was counted at the address."""
        self._failures.pop((account, remote), None)
        count, last = self._failures.get((None, remote), (0, 0.0))
        if count:
            self._failures[(None, remote)] = (count - 1, last)


def _is_loopback(remote: str) -> bool:
    try:
        address = ipaddress.ip_address(remote)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _pause_s(over: int) -> float:
    """How long to wait after so many failures more than are free."""
    return 0.0 if over < 0 else min(float(2 ** min(over, 20)) * 6.0, LONGEST_S)
