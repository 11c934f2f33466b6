"""Failed logins slow down whoever tries, and nobody else."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from runyard.errors import TooManyRequests

FREE_FAILURES = 10
WINDOW_S = 60.0
LONGEST_S = 900.0
REMEMBERED = 10_000


class LoginThrottle:
    """Counts failures per account and address: ten within a minute are free, then each doubles the wait.

    Nobody is locked out for good, and another address is not affected. Counted per server process.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def check(self, account: str, remote: str) -> None:
        """Raises: TooManyRequests while the account must wait at this address."""
        count, last = self._failures.get((account, remote), (0, 0.0))
        wait_s = last + _pause_s(count) - self._clock()
        if count >= FREE_FAILURES and wait_s > 0:
            raise TooManyRequests(
                f"Too many failed logins as {account!r}. Wait {int(wait_s) + 1} seconds.", int(wait_s) + 1
            )

    def failed(self, account: str, remote: str) -> None:
        """One more failure."""
        now = self._clock()
        count, last = self._failures.pop((account, remote), (0, now))
        if now - last > WINDOW_S + _pause_s(count):
            count = 0
        self._failures[(account, remote)] = (count + 1, now)
        if len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, account: str, remote: str) -> None:
        """Forget the failures."""
        self._failures.pop((account, remote), None)


def _pause_s(failures: int) -> float:
    if failures < FREE_FAILURES:
        return 0.0
    return min(float(2 ** min(failures - FREE_FAILURES, 20)) * 6.0, LONGEST_S)
