"""Tokens are renewed before they end, with a moved clock."""

import os
import threading
import uuid
import warnings
from collections.abc import Callable

import pytest

from runyard.client import credentials
from runyard.client.addresses import Address
from runyard.client.credentials import Login
from runyard.client.renewal import TokenSource, claims_of
from runyard.errors import NotAllowed, ServerFault, Unauthenticated
from runyard.services.tracking_tokens import TrackingTokens

SERVER = "http://127.0.0.1:5000"
HOUR = 3_600


class World:
    """A server's signing, a clock, and how often a token was fetched."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.skew = 0.0  # of the server's clock
        self.fetched: list[str] = []
        self.failure: Exception | None = None
        self.tokens = TrackingTokens(b"key", lambda: self.now + self.skew)

    def token(self, principal: str = "ann") -> str:
        """A tracking token that is good for an hour."""
        return self.tokens.sign(principal, uuid.uuid4().hex, actions=["*"], via=None)

    def renew(self, address: Address, access_token: str) -> str:
        """What the server answers."""
        self.fetched.append(access_token)
        if self.failure is not None:
            raise self.failure
        return self.token(access_token.removeprefix("ry_"))

    def source(self, token: str | None) -> TokenSource:
        """A source that starts with this token."""
        return TokenSource(Address(SERVER, "w", token), lambda: self.now, self.renew)

    def good(self, token: str | None) -> bool:
        """Whether the server accepts it now."""
        assert token is not None
        try:
            self.tokens.check(token)
        except Unauthenticated:
            return False
        return True


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """With an access token of ann in the environment."""
    monkeypatch.setenv("RUNYARD_TOKEN", "ry_ann")
    return World()


def test_token_is_used_until_three_quarters_of_its_life(world: World) -> None:
    token = world.token()
    source = world.source(token)
    world.now += 0.74 * HOUR
    assert source.current() == token and not world.fetched
    world.now += 0.02 * HOUR
    fresh = source.current()
    assert fresh != token and world.good(fresh)
    assert source.current() == fresh and world.fetched == ["ry_ann"]


def test_a_week_passes(world: World) -> None:
    source = world.source(world.token())
    for _ in range(7 * 24 * 60):
        world.now += 60
        assert world.good(source.current())
    assert 7 * 24 <= len(world.fetched) <= 7 * 24 * 1.4


@pytest.mark.parametrize("skew", [-900.0, 900.0])
def test_clock_of_the_server_may_differ(world: World, skew: float) -> None:
    world.skew = skew
    source = world.source(world.token())
    world.now += HOUR
    source.current()
    for _ in range(600):
        world.now += 60
        assert world.good(source.current())


def test_without_a_way_the_token_is_used_beyond_its_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUNYARD_TOKEN")
    token = world.token()
    source = world.source(token)
    world.now += 2 * HOUR
    assert source.current() == token
    credentials.save(SERVER, Login("ry_ann"))
    world.now += 5
    assert world.good(source.current())


def test_a_token_that_is_not_taken_any_more_is_renewed_before_its_time(world: World) -> None:
    token = world.token()
    source = world.source(token)
    source.rejected(token)
    assert source.current() != token
    assert world.good(source.current())


def test_an_access_token_that_is_not_taken_gives_way_to_the_environments(world: World) -> None:
    source = world.source("ry_old")
    assert source.current() == "ry_old"
    source.rejected("ry_other")
    assert source.current() == "ry_old"
    source.rejected("ry_old")
    assert source.current() == "ry_ann"


def test_program_that_slept_past_the_end_gets_a_fresh_one_at_once(world: World) -> None:
    source = world.source(world.token())
    world.now += 48 * HOUR
    assert world.good(source.current())


def test_failed_renewal_is_tried_again_and_not_at_every_request(world: World) -> None:
    token = world.token()
    source = world.source(token)
    world.failure = ServerFault("down")
    world.now += 0.8 * HOUR
    assert [source.current() for _ in range(3)] == [token] * 3
    assert len(world.fetched) == 1
    world.failure = None
    world.now += 5
    assert source.current() != token and len(world.fetched) == 2


def test_credential_of_somebody_else_is_not_used(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RUNYARD_TOKEN", "ry_bob")
    token = world.token("ann")
    source = world.source(token)
    world.now += 2 * HOUR
    assert source.current() == token
    world.now += 5
    assert source.current() == token
    assert [record.getMessage() for record in caplog.records] == [
        "The token of the tracking URI is not renewed: the credential from RUNYARD_TOKEN belongs to somebody else."
    ]


def test_access_token_that_may_not_make_tokens_is_used_itself(world: World) -> None:
    source = world.source(world.token())
    world.failure = NotAllowed("no")
    world.now += 0.8 * HOUR
    assert source.current() == "ry_ann"


def test_access_token_is_used_as_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.source("ry_given").current() == "ry_given"
    source = world.source(None)
    assert source.current() == "ry_ann"
    monkeypatch.setenv("RUNYARD_TOKEN", "ry_rotated")
    world.now += 5
    assert source.current() == "ry_rotated" and not world.fetched


def test_tracking_token_of_the_environment_is_renewed_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUNYARD_TOKEN")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", world.token())
    credentials.save(SERVER, Login("ry_ann"))
    source = world.source(None)
    for _ in range(600):
        world.now += 60
        assert world.good(source.current())


def test_no_credential_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert World().source(None).current() is None


def in_threads(count: int, work: Callable[[], None]) -> None:
    """Run work in that many threads at once."""
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_many_threads_renew_once(world: World) -> None:
    source = world.source(world.token())
    world.now += 2 * HOUR
    seen: set[str | None] = set()
    in_threads(16, lambda: seen.add(source.current()))
    assert len(world.fetched) == 1 and len(seen) == 1


def test_threads_do_not_wait_for_a_renewal_while_the_token_is_good(world: World) -> None:
    token = world.token()
    began, may_end = threading.Event(), threading.Event()

    def slow(address: Address, access_token: str) -> str:
        began.set()
        assert may_end.wait(10)
        return world.renew(address, access_token)

    source = TokenSource(Address(SERVER, "w", token), lambda: world.now, slow)
    world.now += 0.8 * HOUR
    renewing = threading.Thread(target=source.current)
    renewing.start()
    assert began.wait(10)
    assert source.current() == token
    may_end.set()
    renewing.join(10)
    assert source.current() != token


def test_child_renews_although_the_parent_was_forked_in_the_middle(world: World) -> None:
    source = world.source(world.token())
    world.now += 2 * HOUR
    with source._lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.12 warns of forks beside threads, which this is about
        child = os.fork()
        if child == 0:
            os._exit(0 if world.good(source.current()) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("token", ["", "ry_x", "a.b.c", "a.e30.c", "..", "a.\xff.b", "x" * 5000])
def test_claims_of_what_is_no_tracking_token_is_none(token: str) -> None:
    assert claims_of(token) is None


def test_repr_hides_the_token(world: World) -> None:
    token = world.token()
    assert token not in repr(world.source(token))
