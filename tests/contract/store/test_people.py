"""Principals, access tokens and roles: the same on both databases."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from runyard.entities.access import Assignment, Role
from runyard.entities.principal import LOCAL, Principal, PrincipalKind, TokenKind
from runyard.errors import AlreadyExists, InvalidState, NotFound, Unauthenticated
from runyard.store.identity_contracts import FailedLogins
from runyard.store.principal_contracts import NewPrincipal, NewToken, PrincipalChange
from runyard.store.sql.login_failures import SqlLoginFailures
from tests.contract.store.stores import AWKWARD, Stores, all_pages

USER, SERVICE, GROUP = PrincipalKind.USER, PrincipalKind.SERVICE, PrincipalKind.GROUP


def name(word: str = "p") -> str:
    return f"{word}-{uuid.uuid4().hex[:12]}"


def made(stores: Stores, kind: PrincipalKind = USER, **more: Any) -> Principal:
    return stores.do(stores.principals.create(NewPrincipal(kind, more.pop("name", name()), **more)))


def token_of(stores: Stores, who: Principal, kind: TokenKind = TokenKind.PERSONAL, **more: Any) -> str:
    """The uuid of a new token, whose hash is `h-<name>`."""
    fields: dict[str, Any] = {"name": name("t"), "actions": ["*"], "workspace_id": None}
    fields |= {"created_ms": 1, "expires_ms": 2**60, **more}
    new = NewToken(who.id, kind, secret_hash=f"h-{fields['name']}", **fields)
    return stores.do(stores.tokens.create(new)).uuid


def assign(
    stores: Stores, who: Principal, role: str, scope: str, *, allow: bool = True, keep_owner: bool = False
) -> Assignment:
    new = Assignment(uuid.uuid4().hex, who.name, role, allow, scope, "test")
    return stores.do(stores.roles.assign(who.id, new, keep_owner=keep_owner))


def test_names_are_unique_over_all_kinds(stores: Stores) -> None:
    first = made(stores)
    for kind in (USER, SERVICE, GROUP):
        with pytest.raises(AlreadyExists):
            made(stores, kind, name=first.name)


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_names_come_back_as_they_were(stores: Stores, text: str) -> None:
    group = made(stores, GROUP, name=f"{text} {name()}", display_name=text)
    assert stores.do(stores.principals.get(GROUP, group.name)) == group


def test_a_name_of_another_kind_is_not_found(stores: Stores) -> None:
    with pytest.raises(NotFound):
        stores.do(stores.principals.get(SERVICE, made(stores).name))


def test_a_subject_is_one_person(stores: Stores) -> None:
    subject = name("sub")
    one = made(stores, issuer="https://a.example", subject=subject)
    assert stores.do(stores.principals.find_subject("https://a.example", subject)) == one
    assert stores.do(stores.principals.find_subject("https://b.example", subject)) is None
    with pytest.raises(AlreadyExists):
        made(stores, issuer="https://a.example", subject=subject)


def test_people_are_listed_by_name_page_by_page(stores: Stores) -> None:
    mine = sorted(made(stores, SERVICE).name for _ in range(7))
    found = all_pages(
        lambda token: stores.do(stores.principals.list(SERVICE, max_results=3, page_token=token))
    )
    names = [one.name for one in found]
    assert names == sorted(names)
    assert [one for one in names if one in mine] == mine


def test_only_what_is_given_changes(stores: Stores) -> None:
    one = made(stores, display_name="d", email="e", password_hash="h")
    change = PrincipalChange(display_name="", disabled=True)
    found = stores.do(stores.principals.update(one.id, change, keep_owner=False))
    assert (found.display_name, found.email, found.disabled) == ("", "e", True)
    assert stores.do(stores.principals.password_hash(one.id)) == "h"


def test_a_new_password_ends_logins_and_sessions_but_no_tokens(stores: Stores) -> None:
    one = made(stores)
    tokens = {kind: token_of(stores, one, kind) for kind in TokenKind}
    stores.do(stores.principals.update(one.id, PrincipalChange(password_hash="h"), keep_owner=False))
    found = {kind: stores.do(stores.tokens.find(uuid)) for kind, uuid in tokens.items()}
    revoked = {kind: token is not None and token.revoked_ms is not None for kind, token in found.items()}
    ends = {TokenKind.LOGIN, TokenKind.SESSION}
    assert revoked == {kind: kind in ends for kind in TokenKind}


def test_who_is_removed_is_gone_with_all_that_was_theirs(stores: Stores) -> None:
    one, group = made(stores), made(stores, GROUP)
    token = token_of(stores, one)
    assignment = assign(stores, one, "Reader", "/")
    stores.do(stores.principals.add_member(group.id, one.id))
    stores.do(stores.principals.delete(one.id, keep_owner=False))
    assert stores.do(stores.tokens.find(token)) is None
    assert stores.do(stores.roles.find_assignment(assignment.uuid)) is None
    assert stores.do(stores.principals.members(group.id)) == []
    with pytest.raises(NotFound):
        stores.do(stores.principals.delete(one.id, keep_owner=False))


def test_members_come_and_go(stores: Stores) -> None:
    one, group = made(stores), made(stores, GROUP)
    for _ in range(2):
        stores.do(stores.principals.add_member(group.id, one.id))
    assert stores.do(stores.principals.members(group.id)) == [one]
    stores.do(stores.principals.remove_member(group.id, one.id, keep_owner=False))
    with pytest.raises(NotFound):
        stores.do(stores.principals.remove_member(group.id, one.id, keep_owner=False))


def test_groups_of_a_login_are_refreshed_and_those_by_hand_kept(stores: Stores) -> None:
    one = made(stores)
    a, b, by_hand, both = (made(stores, GROUP) for _ in range(4))

    def log_in(*names: str) -> bool:
        return stores.do(stores.principals.set_login_groups(one.id, names))

    def groups() -> set[str]:
        return {
            group.name
            for group in (a, b, by_hand, both)
            if one in stores.do(stores.principals.members(group.id))
        }

    stores.do(stores.principals.add_member(by_hand.id, one.id))
    assert log_in(a.name, both.name, "unknown", LOCAL.name)
    assert groups() == {a.name, both.name, by_hand.name}
    assert not log_in(both.name, a.name)
    stores.do(stores.principals.add_member(both.id, one.id))
    assert log_in(b.name)
    assert groups() == {b.name, both.name, by_hand.name}
    assert log_in()
    assert groups() == {both.name, by_hand.name}


def test_tokens_are_found_by_hash_listed_and_revoked_once(stores: Stores) -> None:
    one = made(stores)
    uuids = [token_of(stores, one, name=f"{one.name}-{number}") for number in range(5)]
    token_of(stores, one, TokenKind.SESSION)
    found = all_pages(
        lambda token: stores.do(
            stores.tokens.list(one.id, [TokenKind.PERSONAL], max_results=2, page_token=token)
        )
    )
    assert [token.uuid for token in found] == uuids[::-1]
    stores.do(stores.tokens.revoke(uuids[0], 5))
    stores.do(stores.tokens.revoke(uuids[0], 9))
    known = stores.do(stores.identity.find_token(secret_hash=f"h-{one.name}-0"))
    assert known is not None
    assert (known[0].uuid, known[0].revoked_ms, known[1]) == (uuids[0], 5, one)
    assert stores.do(stores.identity.find_token(secret_hash="h-unknown")) is None


def test_a_token_shows_its_workspace_and_when_it_was_used(stores: Stores) -> None:
    uuid = token_of(stores, made(stores), actions=["runs/*"], workspace_id=1)
    token = stores.do(stores.tokens.find(uuid))
    assert token is not None
    assert (token.workspace, token.actions, token.used_ms) == ("default", ["runs/*"], None)
    stores.do(stores.identity.touch_token(token.id, 77))
    assert stores.do(stores.tokens.find(uuid)).used_ms == 77  # type: ignore[union-attr]


def test_custom_roles_are_kept_as_they_were(stores: Stores) -> None:
    role = Role(name("Role"), "does\nthings", ("runs/*", "*/read"), ("runs/delete",))
    stores.do(stores.roles.create(role))
    assert role in stores.do(stores.roles.list())
    assert stores.do(stores.identity.custom_roles())[role.name] == role
    with pytest.raises(AlreadyExists):
        stores.do(stores.roles.create(role))


def test_tokens_end_with_the_one_that_they_were_made_with(stores: Stores) -> None:
    one, robot = made(stores), made(stores, SERVICE)
    first = token_of(stores, one)
    second = token_of(stores, one, made_with=first)
    third, other = token_of(stores, robot, made_with=second), token_of(stores, one)
    stores.do(stores.tokens.revoke(second, 7))
    stores.do(stores.tokens.revoke(first, 9))
    times = []
    for uuid_ in (first, second, third, other):
        found = stores.do(stores.tokens.find(uuid_))
        times.append(found and found.revoked_ms)
    assert times == [9, 7, 7, None]
    for gone in (second, "unknown"):
        with pytest.raises(Unauthenticated):
            token_of(stores, one, made_with=gone)


def test_tokens_of_others_outlive_who_made_them(stores: Stores) -> None:
    maker, robot = made(stores), made(stores, SERVICE)
    own = token_of(stores, maker, created_by=maker.name)
    theirs = [token_of(stores, robot, created_by=maker.name) for _ in range(3)]
    token_of(stores, robot, created_by="somebody else")
    stores.do(stores.principals.delete(maker.id, keep_owner=False))
    found = all_pages(
        lambda token: stores.do(stores.tokens.made_for_others(maker.name, max_results=2, page_token=token))
    )
    assert [one.uuid for one in found] == theirs[::-1]
    assert {(one.principal, one.created_by) for one in found} == {(robot.name, maker.name)}
    assert stores.do(stores.tokens.find(own)) is None


def test_a_token_is_found_by_its_hash(stores: Stores) -> None:
    uuid = token_of(stores, made(stores), name="by-hash", kind=TokenKind.SESSION)
    found = stores.do(stores.tokens.find_secret("h-by-hash"))
    assert found is not None and (found.uuid, found.kind) == (uuid, TokenKind.SESSION)
    assert stores.do(stores.tokens.find_secret("h-unknown")) is None


def test_failed_logins_are_counted_together_whoever_counts_them(stores: Stores) -> None:
    one, two = uuid.uuid4().hex, uuid.uuid4().hex
    first, second = SqlLoginFailures(stores.database), SqlLoginFailures(stores.database)
    stores.at_once(*(store.add_failed_login([one, two], 1_000, {}, 0) for store in (first, second) * 5))
    stores.do(first.add_failed_login([one], 2_000, {}, 0))
    both = {one: FailedLogins(11, 2_000), two: FailedLogins(10, 1_000)}
    assert stores.do(second.failed_logins([one, two, "unknown"])) == both
    stores.do(first.add_failed_login([one, two], 3_000, {one: 2_000, two: 999}, 0))
    assert stores.do(second.failed_logins([one, two])) == {
        one: FailedLogins(1, 3_000),  # forgiven
        two: FailedLogins(11, 3_000),  # not: another one came meanwhile
    }
    stores.do(second.forget_failed_logins(two))
    stores.do(second.add_failed_login(["y"], 9_000, {}, 3_001))
    assert stores.do(first.failed_logins([one, two])) == {}


def test_a_role_goes_when_nobody_has_it(stores: Stores) -> None:
    role = Role(name("Role"), "", ("runs/read",))
    stores.do(stores.roles.create(role))
    assignment = assign(stores, made(stores), role.name, "/subscriptions/s")
    with pytest.raises(InvalidState):
        stores.do(stores.roles.delete(role.name))
    stores.do(stores.roles.remove_assignment(assignment.uuid, keep_owner=False))
    stores.do(stores.roles.delete(role.name))
    for _ in range(2):
        with pytest.raises(NotFound):
            stores.do(stores.roles.delete(role.name))


def test_the_same_assignment_is_made_once(stores: Stores) -> None:
    one = made(stores)
    first, again = (assign(stores, one, "Reader", "/subscriptions/s") for _ in range(2))
    assert first == again
    assert assign(stores, one, "Reader", "/subscriptions/s", allow=False).uuid != first.uuid
    with pytest.raises(NotFound):
        assign(stores, one, "Nothing", "/")


def test_assignments_act_at_above_and_below_a_scope(stores: Stores) -> None:
    one, mark = made(stores), uuid.uuid4().hex[:8]
    group = f"/subscriptions/{mark}/resourceGroups/g"
    here = f"{group}/workspaces/w"
    scopes = ["/", f"/subscriptions/{mark}", group, here, f"{here}/experiments/7", f"{group}/workspaces/w2"]
    for scope in [*scopes, f"/subscriptions/{mark}2", f"{group}2"]:
        assign(stores, one, "Reader", scope)

    def seen(scope: str) -> set[str]:
        found = all_pages(
            lambda token: stores.do(
                stores.roles.assignments(scope, one.name, max_results=2, page_token=token)
            )
        )
        return {each.scope for each in found}

    assert seen(here) == set(scopes[:5])
    assert seen(group) == set(scopes)
    assert seen(f"{here}/experiments/7") == set(scopes[:5])
    assert len(seen("/")) == 8


def test_roles_of_groups_are_roles_of_members(stores: Stores) -> None:
    one, group = made(stores), made(stores, GROUP)
    assign(stores, group, "Reader", "/subscriptions/s")
    assert stores.do(stores.identity.assignments_of(one.id)) == []
    stores.do(stores.principals.add_member(group.id, one.id))
    assert [each.role for each in stores.do(stores.identity.assignments_of(one.id))] == ["Reader"]


@pytest.fixture
def last(stores: Stores) -> Principal:
    """The only owner of the server."""

    def demote() -> None:
        for each in all_pages(
            lambda token: stores.do(stores.roles.assignments("/", None, max_results=100, page_token=token))
        ):
            if each.scope == "/" and each.principal != LOCAL.name:
                stores.do(stores.roles.remove_assignment(each.uuid, keep_owner=False))

    demote()
    assert not stores.do(stores.roles.has_owner())
    one = made(stores)
    assign(stores, one, "Owner", "/")
    return one


def test_the_last_owner_stays(stores: Stores, last: Principal) -> None:
    assert stores.do(stores.roles.has_owner())
    with pytest.raises(InvalidState):
        stores.do(stores.principals.delete(last.id, keep_owner=True))
    with pytest.raises(InvalidState):
        stores.do(stores.principals.update(last.id, PrincipalChange(disabled=True), keep_owner=True))
    with pytest.raises(InvalidState):
        assign(stores, last, "Owner", "/", allow=False, keep_owner=True)
    assert assign(stores, last, "Reader", "/", allow=False, keep_owner=True)
    assert stores.do(stores.principals.get(USER, last.name)) == last
    stores.do(stores.principals.delete(last.id, keep_owner=False))
    assert not stores.do(stores.roles.has_owner())


def test_an_owner_may_go_when_another_stays(stores: Stores, last: Principal) -> None:
    other, group = made(stores), made(stores, GROUP)
    assign(stores, group, "Owner", "/")
    stores.do(stores.principals.add_member(group.id, other.id))
    stores.do(stores.principals.delete(last.id, keep_owner=True))
    with pytest.raises(InvalidState):
        stores.do(stores.principals.remove_member(group.id, other.id, keep_owner=True))
    with pytest.raises(InvalidState):
        stores.do(stores.principals.delete(group.id, keep_owner=True))


def test_two_servers_do_not_remove_the_last_two_owners_at_once(
    stores: Stores, others: Stores, last: Principal
) -> None:
    second = made(stores)
    assign(stores, second, "Owner", "/")
    done = stores.at_once(
        stores.principals.delete(last.id, keep_owner=True),
        others.principals.delete(second.id, keep_owner=True),
    )
    assert sum(isinstance(one, InvalidState) for one in done) == 1
    assert stores.do(stores.roles.has_owner())
