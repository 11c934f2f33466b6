"""How roles add up: scopes, deny, experiments, and tokens that do less."""

from __future__ import annotations

import pytest

from runyard.entities.access import (
    ACTIONS,
    BUILT_IN_ROLES,
    Assignment,
    Grants,
    Place,
    Role,
    expand,
    grants_at,
    names_an_action,
    parse_scope,
)

GROUP = "/subscriptions/s/resourceGroups/g"
HERE = f"{GROUP}/workspaces/w"
ROLES = {**BUILT_IN_ROLES, "Logger": Role("Logger", "", ("runs/*",), ("runs/delete",))}


def grants(*assignments: tuple[str, str] | tuple[str, str, bool], at: str = HERE) -> Grants:
    made = [
        Assignment(str(number), "ada", one[0], one[2] if len(one) == 3 else True, one[1])
        for number, one in enumerate(assignments)
    ]
    return grants_at(at, made, ROLES)


@pytest.mark.parametrize("scope", ["/", "/subscriptions/s", GROUP, HERE])
def test_a_role_acts_in_its_scope_and_below(scope: str) -> None:
    assert grants(("Reader", scope)).permits("runs/read")


@pytest.mark.parametrize(
    "scope",
    [
        "/subscriptions/t",
        "/subscriptions/s2",
        "/subscriptions/s/resourceGroups/g2",
        f"{GROUP}/workspaces/w2",
        f"{GROUP}/workspaces/W",
        f"{HERE}/experiments/7",
    ],
)
def test_a_role_acts_nowhere_else(scope: str) -> None:
    assert not grants(("Owner", scope)).permits("runs/read")


def test_a_role_below_gives_nothing_above() -> None:
    assert grants(("Owner", HERE), at=GROUP) == Grants()
    assert grants(("Owner", HERE), at="/") == Grants()


def test_deny_wins_at_every_level() -> None:
    assert not grants(("Owner", HERE), ("Reader", "/", False)).permits("runs/read")
    assert not grants(("Owner", "/"), ("Reader", HERE, False)).permits("runs/read")
    assert grants(("Owner", "/"), ("Reader", HERE, False)).permits("runs/write")
    assert not grants(("Owner", HERE), ("Owner", HERE, False)).permits_somewhere("runs/read")


def test_an_experiment_role_adds_there_alone() -> None:
    found = grants(("Reader", HERE), ("Data Scientist", f"{HERE}/experiments/7"))
    assert found.permits("runs/write", 7)
    assert not found.permits("runs/write", 8)
    assert not found.permits("runs/write")
    assert found.permits_somewhere("runs/write")


def test_an_experiment_can_be_denied() -> None:
    found = grants(("Owner", HERE), ("Owner", f"{HERE}/experiments/7", False))
    assert not found.permits("runs/read", 7)
    assert found.permits("runs/read", 8)
    assert not found.empty


def test_deny_above_wins_over_an_experiment_role() -> None:
    found = grants(("Owner", f"{HERE}/experiments/7"), ("Reader", "/", False))
    assert not found.permits("runs/read", 7)
    assert found.permits("runs/write", 7)


def test_whoever_may_do_nothing_sees_nothing() -> None:
    assert grants().empty
    assert grants(("Reader", "/subscriptions/t")).empty
    assert grants(("Owner", HERE), ("Owner", "/", False)).empty
    assert grants(("Owner", HERE, False)).empty
    assert not grants(("Reader", f"{HERE}/experiments/7")).empty


def test_a_role_that_is_gone_gives_nothing() -> None:
    assert grants(("Nobody", "/")).empty


def test_a_token_narrows_and_never_widens() -> None:
    found = grants(("Data Scientist", HERE), ("Owner", f"{HERE}/experiments/7")).limited(
        ["runs/*", "audit/*"]
    )
    assert found.allowed == {"runs/read", "runs/write", "runs/delete"}
    assert not found.permits("experiments/write", 7)
    assert found.permits("runs/write", 7)


def test_a_narrow_token_does_not_lift_a_denial() -> None:
    found = grants(("Owner", HERE), ("Reader", HERE, False)).limited(["*"])
    assert not found.permits("runs/read")


def test_custom_roles_take_away_what_they_exclude() -> None:
    assert ROLES["Logger"].expand() == {"runs/read", "runs/write"}


def test_built_in_roles_are_nested() -> None:
    reader, scientist, contributor, owner = (
        BUILT_IN_ROLES[name].expand() for name in ("Reader", "Data Scientist", "Contributor", "Owner")
    )
    assert reader < scientist < contributor < owner == set(ACTIONS)
    assert "access/write" not in contributor
    assert "principals/write" not in contributor
    assert "secrets/read" not in reader


@pytest.mark.parametrize(
    "pattern", ["", "runs", "runs/", "/read", "run/read", "runs/reads", "*/", "runs/read/x", "Runs/read"]
)
def test_a_misspelt_pattern_names_nothing(pattern: str) -> None:
    assert not names_an_action(pattern)


def test_patterns_name_what_they_say() -> None:
    assert expand(("*",)) == expand(("*/*",)) == set(ACTIONS)
    assert expand(("*/delete",)) == {action for action in ACTIONS if action.endswith("/delete")}


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("/", "/"),
        ("/subscriptions/s", "/subscriptions/s"),
        ("/subscriptions/s/", "/subscriptions/s"),
        ("/SUBSCRIPTIONS/s/resourcegroups/G", "/subscriptions/s/resourceGroups/G"),
        (HERE, HERE),
        (f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/w", HERE),
        (f"{HERE}/experiments/7", f"{HERE}/experiments/7"),
        (f"{HERE}/experiments/007", f"{HERE}/experiments/7"),
    ],
)
def test_scopes_have_one_spelling(text: str, scope: str) -> None:
    place = parse_scope(text)
    assert place is not None
    assert place.scope == scope


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "//",
        "/subscriptions",
        "/subscriptions//",
        "/resourceGroups/g",
        f"{GROUP}/experiments/7",
        f"{HERE}/x",
    ]
    + [
        f"{HERE}/experiments/x",
        f"{HERE}/experiments/-1",
        f"{HERE}/experiments/" + "9" * 30,
        "/subscriptions/a\0",
    ],
)
def test_what_is_no_scope(text: str) -> None:
    assert parse_scope(text) is None


def test_the_way_in_leads_through_every_scope() -> None:
    place = parse_scope(f"{HERE}/experiments/7")
    assert place is not None
    assert [one.scope for one in place.outward()] == [
        "/",
        "/subscriptions/s",
        GROUP,
        HERE,
        f"{HERE}/experiments/7",
    ]
    assert Place().outward() == [Place()]
