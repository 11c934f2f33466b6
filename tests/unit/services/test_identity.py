"""Who credentials belong to: sessions that end, who works on the machine, passwords that are checked once."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence

import msgspec
import pytest

from runyard.entities.access import Assignment, Role
from runyard.entities.audit import AuditEntry
from runyard.entities.principal import LOCAL, AccessToken, Principal, PrincipalKind, TokenKind
from runyard.entities.workspace import Workspace
from runyard.errors import StorageFull, TooManyRequests, Unauthenticated
from runyard.server.access import REMEMBER_S, Access
from runyard.services.audit import AuditTrail
from runyard.services.context import Recognised
from runyard.services.csrf import CsrfTokens
from runyard.services.identity import SESSION_IDLE_S, IdentityService, hash_secret
from runyard.services.passwords import hash_password
from runyard.services.throttle import FREE_FAILURES, LoginThrottle
from runyard.services.tracking_tokens import TrackingTokens
from runyard.store.identity_contracts import FailedLogins

NOW = 1_800_000_000.0
ADA = Principal(7, "a" * 32, PrincipalKind.USER, "ada")
PASSWORD = "with.two.dots and more"
SECRET = "ry_" + "s" * 43
WORKSPACE = Workspace(3, "guid", "w", "s", "g")
OWNER = Assignment("1", "ada", "Owner", True, "/")


class People:
    """IdentityStore, RecordHomes and AuditStore with one user and one token."""

    def __init__(self) -> None:
        self.principal = ADA
        self.token = AccessToken(
            1, "t" * 32, ADA.id, TokenKind.PERSONAL, "t", ["*"], None, int(NOW * 1000), 2**60
        )
        self.hash = hash_password(PASSWORD)
        self.assignments = [OWNER]
        self.lines: list[AuditEntry] = []
        self.full = False
        self.password_reads = 0
        self.pause = asyncio.Event()
        self.pause.set()
        self.failures: dict[str, FailedLogins] = {}

    async def find_workspace(self, name: str) -> Workspace | None:
        return WORKSPACE if name == WORKSPACE.name else None

    async def find_principal(self, *, uuid: str | None = None, name: str | None = None) -> Principal | None:
        return {ADA.uuid: self.principal, LOCAL.uuid: LOCAL}.get(uuid or "")

    async def find_password(self, name: str) -> tuple[Principal, str] | None:
        self.password_reads += 1
        return (self.principal, self.hash) if name == ADA.name else None

    async def find_token(
        self, *, secret_hash: str | None = None, uuid: str | None = None
    ) -> tuple[AccessToken, Principal] | None:
        good = secret_hash == hash_secret(SECRET) or uuid == self.token.uuid
        return (self.token, self.principal) if good else None

    async def touch_token(self, token_id: int, used_ms: int) -> None:
        if self.full:
            raise StorageFull("no space")
        self.token = msgspec.structs.replace(self.token, used_ms=used_ms)

    async def failed_logins(self, keys: Sequence[str]) -> Mapping[str, FailedLogins]:
        return {key: self.failures[key] for key in keys if key in self.failures}

    async def add_failed_login(
        self, keys: Sequence[str], now_ms: int, stale: Mapping[str, int], forgotten_ms: int
    ) -> None:
        for key in keys:
            self.failures[key] = FailedLogins(self.failures.get(key, FailedLogins(0, 0)).count + 1, now_ms)

    async def forget_failed_logins(self, key: str) -> None:
        del self.failures[key]

    async def assignments_of(self, principal_id: int) -> Sequence[Assignment]:
        found = list(self.assignments)
        await self.pause.wait()
        return found

    async def custom_roles(self) -> Mapping[str, Role]:
        return {}

    async def homes_of(
        self,
        workspace_id: int,
        *,
        runs: Sequence[str] = (),
        models: Sequence[str] = (),
        traces: Sequence[str] = (),
    ) -> Mapping[tuple[str, str], int]:
        return {}

    async def experiments_at(self, workspace_id: int, folded: str) -> Sequence[int]:
        return []

    async def append(self, entry: AuditEntry) -> None:
        self.lines.append(entry)


class Stage:
    """A service with a clock that is moved."""

    def __init__(self, *, local: bool = False) -> None:
        self.now = NOW
        self.people = People()
        self.tokens = TrackingTokens(b"k" * 32, lambda: self.now)
        self.service = IdentityService(
            self.people,
            self.tokens,
            LoginThrottle(self.people, lambda: self.now, proxies=False),
            local=local,
            clock=lambda: self.now,
            trail=AuditTrail(self.people),
        )

    def who(self, authorization: str | None) -> Recognised:
        return asyncio.run(self.service.recognise(authorization, "here"))

    def refused(self, authorization: str | None) -> str:
        with pytest.raises(Unauthenticated) as caught:
            self.who(authorization)
        return caught.value.message

    def tracking(self, principal: str = ADA.uuid, workspace: str = "guid", via: str | None = None) -> str:
        return "Bearer " + self.tokens.sign(principal, workspace, actions=["*"], via=via)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_a_token_counts_as_bearer_and_as_password(stage: Stage) -> None:
    for authorization in (
        f"Bearer {SECRET}",
        f"bearer  {SECRET} ",
        basic("anybody", SECRET),
        basic("", SECRET),
    ):
        assert stage.who(authorization).credential == f"token {stage.people.token.uuid}"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {SECRET}x",
        "Bearer ry_",
        f"Token {SECRET}",
        "Basic",
        "Basic !",
        "Basic //79",
    ]
    + [basic("ada", ""), basic("ada", "x" * 5_000), basic("\0", "\0"), "Digest x", "\x00"],
)
def test_what_is_no_credential_is_refused(stage: Stage, authorization: str) -> None:
    stage.refused(authorization)


def test_without_a_credential_only_the_machine_itself_is_let_in(stage: Stage) -> None:
    stage.refused(None)
    assert Stage(local=True).who(None).principal is LOCAL


def test_a_wrong_credential_is_refused_on_the_machine_itself_too() -> None:
    Stage(local=True).refused("Bearer ry_wrong")


def test_revoked_expired_and_disabled_are_refused(stage: Stage) -> None:
    good = stage.people.token
    for token in (
        msgspec.structs.replace(good, revoked_ms=1),
        msgspec.structs.replace(good, expires_ms=int(NOW * 1000)),
    ):
        stage.people.token = token
        stage.refused(f"Bearer {SECRET}")
        stage.refused(stage.tracking(via=good.uuid))
    stage.people.token = good
    stage.people.principal = msgspec.structs.replace(ADA, disabled=True)
    for authorization in (f"Bearer {SECRET}", stage.tracking(), basic("ada", PASSWORD)):
        stage.refused(authorization)


def test_tokens_of_local_count_only_where_local_does(stage: Stage) -> None:
    stage.refused(stage.tracking(LOCAL.uuid))
    stage.people.principal = LOCAL
    stage.refused(f"Bearer {SECRET}")
    assert Stage(local=True).who(stage.tracking(LOCAL.uuid)).principal is LOCAL


def test_a_token_is_touched_once_a_minute_and_needs_no_space_for_it(stage: Stage) -> None:
    stage.people.full = True
    stage.who(f"Bearer {SECRET}")
    assert stage.people.token.used_ms is None
    stage.people.full = False
    stage.who(f"Bearer {SECRET}")
    first = stage.people.token.used_ms
    stage.now += 30
    stage.who(f"Bearer {SECRET}")
    assert stage.people.token.used_ms == first == int(NOW * 1000)


def test_a_session_ends_when_nothing_is_done_in_it(stage: Stage) -> None:
    stage.people.token = msgspec.structs.replace(stage.people.token, kind=TokenKind.SESSION)
    for _ in range(3):
        stage.now += SESSION_IDLE_S - 1
        assert stage.who(f"Session {SECRET}").principal.name == "ada"
    stage.now += SESSION_IDLE_S + 1
    stage.refused(f"Session {SECRET}")
    stage.refused(f"Bearer {SECRET}")


def test_a_cookie_holds_sessions_alone(stage: Stage) -> None:
    stage.refused(f"Session {SECRET}")


def test_a_cookie_of_another_server_keeps_nobody_out_of_the_machine() -> None:
    assert Stage(local=True).who("Session ry_unknown").principal is LOCAL


def test_a_password_with_two_dots_is_a_password(stage: Stage) -> None:
    assert stage.who(basic("ada", PASSWORD)).credential == "password"


def test_unknown_names_and_wrong_passwords_are_told_apart_by_nothing(stage: Stage) -> None:
    assert stage.refused(basic("ada", "wrong")) == stage.refused(basic("nobody", "wrong"))
    assert [(line.principal, line.outcome) for line in stage.people.lines] == [
        ("ada", "UNAUTHENTICATED"),
        ("nobody", "UNAUTHENTICATED"),
    ]
    assert "wrong" not in repr(stage.people.lines)


def test_guesses_all_at_once_are_counted_before_they_are_checked(stage: Stage) -> None:
    async def together() -> list[object]:
        guesses = [stage.service.recognise(basic("ada", f"guess {n}"), "here") for n in range(40)]
        return await asyncio.gather(*guesses, return_exceptions=True)

    found = asyncio.run(together())
    assert sum(isinstance(one, Unauthenticated) for one in found) == FREE_FAILURES
    assert sum(isinstance(one, TooManyRequests) for one in found) == 40 - FREE_FAILURES


def test_the_right_password_all_at_once_is_checked_once(stage: Stage) -> None:
    async def together() -> list[Recognised]:
        return await asyncio.gather(
            *(stage.service.recognise(basic("ada", PASSWORD), "here") for _ in range(40))
        )

    assert {one.principal.name for one in asyncio.run(together())} == {"ada"}


def test_a_changed_password_is_not_remembered(stage: Stage) -> None:
    stage.who(basic("ada", PASSWORD))
    stage.people.hash = hash_password("another one, as long")
    stage.refused(basic("ada", PASSWORD))


def test_a_tracking_token_of_another_workspace_is_401(stage: Stage) -> None:
    who = stage.who(stage.tracking(workspace="another"))
    with pytest.raises(Unauthenticated, match="get_mlflow_tracking_uri"):
        asyncio.run(stage.service.in_workspace(who, "w"))
    assert not asyncio.run(stage.service.at_server(who)).grants.permits("audit/read")


def test_a_decision_is_remembered_for_seconds_and_forgotten_at_a_change(stage: Stage) -> None:
    access = Access(stage.service, stage.people, CsrfTokens(b"k"), lambda: stage.now)
    header = f"Bearer {SECRET}"

    def allowed() -> bool:
        return asyncio.run(access.admit(header, "w", "here")).grants.permits("runs/write")

    assert allowed()
    stage.people.assignments = [
        OWNER,
        Assignment("2", "ada", "Owner", False, "/"),
        Assignment("3", "ada", "Reader", True, "/"),
    ]
    assert allowed()
    stage.now += REMEMBER_S + 1
    with pytest.raises(Exception, match="not found"):
        allowed()
    stage.people.assignments = [OWNER]
    assert allowed()
    stage.people.token = msgspec.structs.replace(stage.people.token, revoked_ms=1)
    access.forget()
    with pytest.raises(Unauthenticated):
        allowed()


def test_a_decision_that_a_change_overtook_is_not_remembered(stage: Stage) -> None:
    """The roles were read, then changed, and only then was the decision taken."""
    access = Access(stage.service, stage.people, CsrfTokens(b"k"), lambda: stage.now)
    header = f"Bearer {SECRET}"

    async def overtaken() -> None:
        stage.people.pause.clear()
        asking = asyncio.create_task(access.admit(header, "w", "here"))
        await asyncio.sleep(0.05)
        stage.people.assignments = []
        access.forget()
        stage.people.pause.set()
        assert (await asking).grants.permits("runs/write")
        assert access.known(header, "w") is None

    asyncio.run(overtaken())


def test_a_decision_does_not_outlive_its_token() -> None:
    stage = Stage()
    stage.people.token = msgspec.structs.replace(stage.people.token, expires_ms=int((NOW + 2) * 1000))
    access = Access(stage.service, stage.people, CsrfTokens(b"k"), lambda: stage.now)
    asyncio.run(access.admit(f"Bearer {SECRET}", "w", "here"))
    stage.now += 3
    assert access.known(f"Bearer {SECRET}", "w") is None
