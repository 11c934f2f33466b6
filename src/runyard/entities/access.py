"""What may be done, roles as sets of it, and where they are assigned.

An action is `<noun>/<verb>`. A pattern is an action with `*` for either part. A scope is a path:
`/`, `/subscriptions/s`, `/subscriptions/s/resourceGroups/g`, `…/workspaces/w`, `…/experiments/7`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

import msgspec

ANONYMOUS = "anonymous"  # a route that everybody may call, without a credential
SELF = "self"  # a route about the caller, or that decides by itself; any credential will do

ACTIONS: Mapping[str, str] = {
    "workspaces/read": "see a workspace, its details and its tracking URI",
    "workspaces/create": "create a workspace (in a resource group)",
    "workspaces/write": "change a workspace's description, tags and defaults",
    "workspaces/delete": "delete a workspace with all in it",
    "workspaces/import": "import and export whole workspaces, keeping ids",
    "groups/write": "create and change resource groups",
    "groups/delete": "delete a resource group with all in it",
    "experiments/read": "see and search experiments",
    "experiments/write": "create, rename and tag experiments",
    "experiments/delete": "delete and restore experiments",
    "runs/read": "see and search runs, their metrics, params, tags and records",
    "runs/write": "create runs and log to them",
    "runs/delete": "delete and restore runs",
    "artifacts/read": "list and download artifacts",
    "artifacts/write": "upload artifacts",
    "artifacts/delete": "delete artifacts",
    "models/read": "see and download models, logged and registered",
    "models/write": "log and register models, set aliases, stages and tags",
    "models/delete": "delete models and their versions",
    "traces/read": "see and search traces",
    "traces/write": "log traces, spans, tags and assessments",
    "traces/delete": "delete traces",
    "datastores/read": "see datastores and read their files",
    "datastores/write": "write files of datastores",
    "datastores/manage": "register and remove datastores with their credentials",
    "datasets/read": "see registered datasets",
    "datasets/write": "register datasets and their versions",
    "datasets/delete": "archive and unregister datasets",
    "secrets/read": "read secrets of the keyvault",
    "secrets/write": "set secrets of the keyvault",
    "secrets/delete": "delete secrets of the keyvault",
    "trash/purge": "remove what was deleted for good, with its files",
    "alerts/read": "see who is told of what happens to runs, and how long runs may be silent",
    "alerts/write": "set and remove alerts and how long runs may be silent",
    "compute/read": "see compute targets and what runs on them",
    "compute/write": "create, change and delete compute targets",
    "jobs/read": "see jobs and their logs",
    "jobs/write": "submit and cancel jobs",
    "access/read": "see roles and who has them",
    "access/write": "define roles, assign and remove them",
    "principals/read": "see users, groups and service accounts",
    "principals/write": "create, change and remove users, groups, service accounts and their tokens",
    "audit/read": "read the audit log",
    "server/read": "read the server's counters",
}


class Role(msgspec.Struct, frozen=True):
    """A named set of actions: those that a pattern of `actions` names and none of `not_actions`."""

    name: str
    description: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()
    built_in: bool = False

    def expand(self) -> frozenset[str]:
        """The actions of the role."""
        return expand(self.actions) - expand(self.not_actions)


BUILT_IN_ROLES: Mapping[str, Role] = {
    role.name: role
    for role in (
        Role("Owner", "Everything, roles included.", ("*/*",), (), True),
        Role(
            "Contributor",
            "Everything but who may do what and the people of the server.",
            ("*/*",),
            ("access/write", "principals/write", "groups/delete", "workspaces/import", "trash/purge"),
            True,
        ),
        Role(
            "Data Scientist",
            "All work in a workspace; not the workspace itself, its compute targets, datastores' credentials.",
            ("*/*",),
            (
                *("access/*", "principals/*", "audit/*", "server/*", "groups/*", "compute/write"),
                *("workspaces/create", "workspaces/write", "workspaces/delete", "workspaces/import"),
                *("datastores/manage", "secrets/write", "secrets/delete", "trash/purge"),
            ),
            True,
        ),
        Role(
            "Reader",
            "See everything but secrets and who has which role.",
            ("*/read",),
            ("secrets/read", "access/read", "principals/read", "audit/read", "server/read"),
            True,
        ),
    )
}


class Assignment(msgspec.Struct, frozen=True):
    """A role that a principal has in a scope and all below it; allow False takes the role's actions away."""

    uuid: str
    principal: str
    role: str
    allow: bool
    scope: str
    created_by: str = ""
    created_ms: int = 0


@cache
def expand(patterns: tuple[str, ...]) -> frozenset[str]:
    """The actions that at least one pattern names. `*` alone is `*/*`."""
    return frozenset(action for action in ACTIONS if any(matches(pattern, action) for pattern in patterns))


def matches(pattern: str, action: str) -> bool:
    """Whether a pattern names an action."""
    if pattern in ("*", "*/*"):
        return True
    noun, _, verb = pattern.partition("/")
    of_noun, _, of_verb = action.partition("/")
    return noun in ("*", of_noun) and verb in ("*", of_verb)


def names_an_action(pattern: str) -> bool:
    """Whether a pattern names any action at all; a misspelt one names none."""
    return bool(expand((pattern,)))


class Grants(msgspec.Struct, frozen=True):
    """What one principal may do in one place: `allowed` everywhere in it, `experiments` adds and takes away.

    `experiments` is experiment id → (more that is allowed, what is denied). Deny wins at every level.
    """

    allowed: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    experiments: Mapping[int, tuple[frozenset[str], frozenset[str]]] = {}

    def permits(self, action: str, experiment_id: int | None = None) -> bool:
        """Whether the action is allowed, in one experiment or for the whole place."""
        allowed, denied = self.allowed, self.denied
        if experiment_id is not None and experiment_id in self.experiments:
            more, less = self.experiments[experiment_id]
            allowed, denied = allowed | more, denied | less
        return action in allowed and action not in denied

    def permits_somewhere(self, action: str) -> bool:
        """Whether the action is allowed for the whole place or in some experiment of it."""
        return self.permits(action) or any(self.permits(action, one) for one in self.experiments)

    @property
    def empty(self) -> bool:
        """Nothing is allowed anywhere: the place is not even shown."""
        return not (self.allowed - self.denied) and not any(more for more, _ in self.experiments.values())

    def limited(self, patterns: Iterable[str]) -> Grants:
        """The part of these grants that a token of narrower scope has."""
        most = expand(tuple(patterns))
        some = {one: (more & most, less) for one, (more, less) in self.experiments.items()}
        return Grants(self.allowed & most, self.denied, some)

    def confined(self, actions: frozenset[str], experiment_id: int) -> Grants:
        """These grants, with some actions in one experiment only."""
        here_too, here_not = self.experiments.get(experiment_id, (frozenset(), frozenset()))
        some = {one: (more - actions, less) for one, (more, less) in self.experiments.items()}
        some[experiment_id] = (here_too | (self.allowed & actions), here_not)
        return Grants(self.allowed - actions, self.denied, some)


EVERYTHING = Grants(frozenset(ACTIONS))


def grants_at(scope: str, assignments: Iterable[Assignment], roles: Mapping[str, Role]) -> Grants:
    """What a principal's assignments (its groups' included) come to at a scope and in the experiments below it.

    Args:
        scope: of the server, a subscription, a resource group or a workspace.
        roles: every role by name; an assignment of a role that no longer exists allows and denies nothing.
    """
    allowed: set[str] = set()
    denied: set[str] = set()
    experiments: dict[int, tuple[set[str], set[str]]] = {}
    inner = scope.rstrip("/") + "/experiments/"
    for one in assignments:
        role = roles.get(one.role)
        if role is None:
            continue
        actions = role.expand()
        if covers(one.scope, scope):
            (allowed if one.allow else denied).update(actions)
        elif one.scope.startswith(inner):
            more, less = experiments.setdefault(int(one.scope[len(inner) :]), (set(), set()))
            (more if one.allow else less).update(actions)
    fixed = {one: (frozenset(more), frozenset(less)) for one, (more, less) in experiments.items()}
    return Grants(frozenset(allowed), frozenset(denied), fixed)


def covers(outer: str, inner: str) -> bool:
    """Whether a scope is another or holds it."""
    return outer == "/" or inner == outer or inner.startswith(outer + "/")


def group_scope(subscription: str, group: str) -> str:
    """The scope of a resource group."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


_SCOPE = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)(?:/resourceGroups/(?P<group>[^/]+)"
    r"(?:(?:/providers/[^/]+)?/workspaces/(?P<workspace>[^/]+)(?:/experiments/(?P<experiment>\d{1,18}))?)?)?/?",
    re.IGNORECASE,
)


class Place(msgspec.Struct, frozen=True):
    """A scope, part by part; empty and None from where it ends."""

    subscription: str = ""
    group: str = ""
    workspace: str = ""
    experiment: int | None = None

    @property
    def scope(self) -> str:
        """As it is stored."""
        return self.outer if self.experiment is None else f"{self.outer}/experiments/{self.experiment}"

    @property
    def workspace_path(self) -> str:
        """subscription/group/name."""
        return f"{self.subscription}/{self.group}/{self.workspace}"

    def outward(self) -> list[Place]:
        """The server, then each scope on the way in, this one last."""
        found = [Place()]
        found += [Place(self.subscription)] if self.subscription else []
        found += [Place(self.subscription, self.group)] if self.group else []
        found += [Place(self.subscription, self.group, self.workspace)] if self.workspace else []
        return found if self.experiment is None else [*found, self]

    @property
    def outer(self) -> str:
        """The scope, or the workspace's where it is that of an experiment."""
        if not self.subscription:
            return "/"
        scope = f"/subscriptions/{self.subscription}"
        scope += f"/resourceGroups/{self.group}" if self.group else ""
        return scope + (f"/workspaces/{self.workspace}" if self.workspace else "")


def parse_scope(text: str) -> Place | None:
    """A scope as people and Azure's tools write it: fixed words in any case, with or without a provider."""
    if text == "/":
        return Place()
    found = _SCOPE.fullmatch(text)
    if found is None or "\0" in text:
        return None
    experiment = found["experiment"]
    return Place(
        found["subscription"],
        found["group"] or "",
        found["workspace"] or "",
        None if experiment is None else int(experiment),
    )
