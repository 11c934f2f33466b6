"""Failed logins are slowed down, per account and address, and nobody is locked out for good."""

from __future__ import annotations

import pytest

from runyard.errors import TooManyRequests
from runyard.services.throttle import (
    FREE_AT_ADDRESS,
    FREE_FAILURES,
    LONGEST_S,
    REMEMBERED,
    WINDOW_S,
    LoginThrottle,
)


class Clock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> LoginThrottle:
    return LoginThrottle(clock)


def fail(throttle: LoginThrottle, times: int, account: str = "ada", remote: str = "here") -> None:
    for _ in range(times):
        throttle.attempt(account, remote)


def wait_of(throttle: LoginThrottle, account: str = "ada", remote: str = "here") -> int:
    with pytest.raises(TooManyRequests) as caught:
        throttle.attempt(account, remote)
    assert caught.value.retry_after_s is not None
    return caught.value.retry_after_s


def test_ten_failures_are_free_and_the_eleventh_waits(throttle: LoginThrottle) -> None:
    fail(throttle, FREE_FAILURES)
    assert wait_of(throttle) == 7


def test_each_further_failure_doubles_the_wait_up_to_a_limit(throttle: LoginThrottle, clock: Clock) -> None:
    fail(throttle, FREE_FAILURES)
    waits = []
    for _ in range(12):
        waits.append(wait_of(throttle))
        clock.now += waits[-1]
        throttle.attempt("ada", "here")
    assert waits[:4] == [7, 13, 25, 49]
    assert waits[-1] == LONGEST_S + 1


def test_a_quiet_minute_forgets(throttle: LoginThrottle, clock: Clock) -> None:
    fail(throttle, FREE_FAILURES)
    clock.now += WINDOW_S + 7
    fail(throttle, FREE_FAILURES)


def test_another_address_and_another_account_are_not_affected(throttle: LoginThrottle) -> None:
    fail(throttle, FREE_FAILURES)
    throttle.attempt("ada", "there")
    throttle.attempt("grace", "here")


def test_success_forgets(throttle: LoginThrottle) -> None:
    for _ in range(5):
        fail(throttle, FREE_FAILURES)
        throttle.succeeded("ada", "here")


def test_many_who_log_in_well_at_one_address_do_not_wait(throttle: LoginThrottle) -> None:
    for number in range(3 * FREE_AT_ADDRESS):
        throttle.attempt(f"user{number}", "office")
        throttle.succeeded(f"user{number}", "office")


def test_guesses_spread_over_accounts_wait_too(throttle: LoginThrottle) -> None:
    for number in range(FREE_AT_ADDRESS):
        throttle.attempt(f"user{number}", "here")
    assert wait_of(throttle, "another") == 7


@pytest.mark.parametrize("remote", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_behind_a_proxy_nobody_waits_for_others(throttle: LoginThrottle, remote: str) -> None:
    for number in range(2 * FREE_AT_ADDRESS):
        throttle.attempt(f"user{number}", remote)
    fail(throttle, FREE_FAILURES, remote=remote)
    assert wait_of(throttle, remote=remote) == 7


def test_memory_is_bounded(throttle: LoginThrottle) -> None:
    for number in range(REMEMBERED + 500):
        throttle.attempt("ada", f"address{number}")
    assert len(throttle._failures) <= REMEMBERED


def test_the_message_repeats_no_huge_name(throttle: LoginThrottle) -> None:
    fail(throttle, FREE_FAILURES, account="x" * 5_000)
    with pytest.raises(TooManyRequests) as caught:
        throttle.attempt("x" * 5_000, "here")
    assert len(caught.value.message) < 400
