"""Failed logins are slowed down, per account and address, and nobody is locked out for good."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.errors import TooManyRequests
from runyard.server.settings import Settings
from runyard.server.storage import open_database
from runyard.services.throttle import FREE_AT_ADDRESS, FREE_FAILURES, LONGEST_S, WINDOW_S, LoginThrottle
from runyard.store.sql.database import Database
from runyard.store.sql.login_failures import SqlLoginFailures


class Stage:
    """A throttle on a real database, and a clock that is moved."""

    def __init__(self, runner: asyncio.Runner, database: Database) -> None:
        self.now = 1_800_000_000.0
        self.runner, self.database = runner, database
        self.throttle = self.process()

    def process(self, *, proxies: bool = False) -> LoginThrottle:
        """What another server process has."""
        return LoginThrottle(SqlLoginFailures(self.database), lambda: self.now, proxies=proxies)

    def attempt(
        self,
        account: str = "ada",
        remote: str = "192.0.2.1",
        *,
        right: bool = False,
        process: LoginThrottle | None = None,
    ) -> None:
        async def work() -> None:
            async with (process or self.throttle).attempt(account, remote) as attempt:
                attempt.right = right

        self.runner.run(work())

    def fail(self, times: int, account: str = "ada", remote: str = "192.0.2.1") -> None:
        for _ in range(times):
            self.attempt(account, remote)

    def wait(
        self, account: str = "ada", remote: str = "192.0.2.1", process: LoginThrottle | None = None
    ) -> int:
        with pytest.raises(TooManyRequests) as caught:
            self.attempt(account, remote, process=process)
        assert caught.value.retry_after_s is not None
        return caught.value.retry_after_s

    def rows(self) -> int:
        row = self.runner.run(self.database.read(lambda c: c.one("SELECT count(*) FROM login_failures")))
        assert row is not None
        return int(row[0])


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with asyncio.Runner() as runner:
        database = open_database(Settings(data=str(tmp_path)))
        yield Stage(runner, database)
        runner.run(database.close())


def test_ten_failures_are_free_and_the_eleventh_waits(stage: Stage) -> None:
    stage.fail(FREE_FAILURES)
    assert stage.wait() == 7


def test_each_further_failure_doubles_the_wait_up_to_a_limit(stage: Stage) -> None:
    stage.fail(FREE_FAILURES)
    waits = []
    for _ in range(12):
        waits.append(stage.wait())
        stage.now += waits[-1]
        stage.attempt()
    assert waits[:4] == [7, 13, 25, 49]
    assert waits[-1] == LONGEST_S + 1


def test_a_quiet_minute_forgets(stage: Stage) -> None:
    stage.fail(FREE_FAILURES)
    stage.now += WINDOW_S + 7
    stage.fail(FREE_FAILURES)
    assert stage.wait() == 7


def test_another_address_and_another_account_are_not_affected(stage: Stage) -> None:
    stage.fail(FREE_FAILURES)
    stage.attempt("ada", "192.0.2.2")
    stage.attempt("grace")


def test_one_network_of_ipv6_is_one_client(stage: Stage) -> None:
    for number in range(FREE_FAILURES):
        stage.attempt(remote=f"2001:db8::{number}")
    assert stage.wait(remote="2001:db8::ffff") == 7
    stage.attempt(remote="2001:db8:0:1::1")
    stage.fail(FREE_FAILURES)
    assert stage.wait(remote="::ffff:192.0.2.1") == 7


def test_success_forgets(stage: Stage) -> None:
    for _ in range(5):
        stage.fail(FREE_FAILURES - 1)
        stage.attempt(right=True)


def test_processes_share_what_they_counted(stage: Stage) -> None:
    others = [stage.process() for _ in range(4)]
    for number in range(FREE_FAILURES):
        stage.attempt(process=others[number % 4])
    assert [stage.wait(process=one) for one in others] == [7] * 4
    stage.now += 7
    stage.attempt(process=others[0], right=True)
    stage.attempt(process=others[1])


def test_many_at_once_are_counted_before_they_are_checked(stage: Stage) -> None:
    async def one() -> None:
        async with stage.throttle.attempt("ada", "192.0.2.1"):
            await asyncio.sleep(0.05)

    async def together() -> list[object]:
        return await asyncio.gather(*(one() for _ in range(40)), return_exceptions=True)

    found = stage.runner.run(together())
    assert sum(isinstance(each, TooManyRequests) for each in found) == 40 - FREE_FAILURES
    assert stage.throttle._running == {}


def test_many_who_log_in_well_at_one_address_do_not_wait_and_write_nothing(stage: Stage) -> None:
    for number in range(3 * FREE_AT_ADDRESS):
        stage.attempt(f"user{number}", right=True)
    assert stage.rows() == 0


def test_guesses_spread_over_accounts_wait_too(stage: Stage) -> None:
    for number in range(FREE_AT_ADDRESS):
        stage.attempt(f"user{number}")
    assert stage.wait("another") == 7
    stage.attempt("another", "192.0.2.2")


@pytest.mark.parametrize("remote", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_behind_an_unknown_proxy_nobody_waits_for_others(stage: Stage, remote: str) -> None:
    for number in range(FREE_AT_ADDRESS + 5):
        stage.attempt(f"user{number}", remote)
    stage.fail(FREE_FAILURES, remote=remote)
    assert stage.wait(remote=remote) == 7


def test_where_proxies_are_known_loopback_is_an_address_like_others(stage: Stage) -> None:
    process = stage.process(proxies=True)
    for number in range(FREE_AT_ADDRESS):
        stage.attempt(f"user{number}", "127.0.0.1", process=process)
    assert stage.wait("another", "127.0.0.1", process=process) == 7


def test_what_is_old_is_dropped(stage: Stage) -> None:
    for number in range(20):
        stage.attempt(remote=f"192.0.2.{number}")
    assert stage.rows() == 40
    stage.now += WINDOW_S + LONGEST_S + 1
    stage.attempt()
    assert stage.rows() == 2


def test_a_clock_that_goes_back_locks_nobody_out(stage: Stage) -> None:
    stage.fail(FREE_FAILURES)
    stage.now -= 86_400
    assert stage.wait() == 7


def test_the_message_repeats_no_huge_name(stage: Stage) -> None:
    stage.fail(FREE_FAILURES, account="x" * 5_000)
    with pytest.raises(TooManyRequests) as caught:
        stage.attempt("x" * 5_000)
    assert len(caught.value.message) < 400


def test_accounts_that_no_database_can_hold_are_counted(stage: Stage) -> None:
    for account in ("a\0b", "\ud800", "ü"):
        stage.fail(FREE_FAILURES, account=account)
        assert stage.wait(account) == 7
