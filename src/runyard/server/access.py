"""The one decision: who asks, where, and whether the route's action is theirs. Both lanes call it.

credential + place → Admission (remembered for a few seconds) → the route's action → experiments that the request names
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.requests import Request

from runyard.entities.access import ANONYMOUS, SELF, Grants
from runyard.entities.principal import LOCAL
from runyard.errors import NotAllowed, NotFound
from runyard.server.named import Named, is_shared, lone_run, named_by
from runyard.server.routing import SAFE, Route
from runyard.services.context import Context
from runyard.services.csrf import CsrfTokens
from runyard.services.identity import SESSION, IdentityService
from runyard.services.places import may_at
from runyard.store.identity_contracts import RecordHomes

REMEMBER_S = 5.0  # a changed role, a revoked token or a disabled user acts after this at the latest
REMEMBERED = 10_000
WORKSPACE_HEADER = b"x-mlflow-workspace"
CSRF_HEADER = b"x-runyard-csrf"
DEFAULT_WORKSPACE = "default"
WHOLE = "workspaces/import"
READS = ("experiments/read", "runs/read", "artifacts/read", "traces/read", "models/read")
SESSION_COOKIES = (b"__Host-runyard_session", b"runyard_session")  # the first over TLS
NOBODY = msgspec.structs.replace(LOCAL, id=0, uuid="", name="", display_name="")
ANONYMOUS_CONTEXT = Context(0, "", "", NOBODY, "none", Grants())
_BASES = ("/workspaces/", "/subscriptions/", "/mlflow/v", "/history/v")

ABSENT = {
    "runs": "Run with id={} not found",
    "models": "Logged model with ID '{}' not found.",
    "traces": "Trace with ID '{}' not found.",
}

Key = tuple[str | None, str | None]
Headers = Sequence[tuple[bytes, bytes]]


class Admission(msgspec.Struct, frozen=True):
    """A decision about credential and place. `until` is in the seconds of `Access.clock`."""

    context: Context
    until: float
    epoch: int


class Access:
    """Decides.

    Args:
        csrf: what requests in a browser's session must bring that do more than read.
        clock: seconds that only grow.
        secure: browsers reach this server over TLS, and the cookie of their session is the one that needs it.
    """

    def __init__(
        self,
        identity: IdentityService,
        homes: RecordHomes,
        csrf: CsrfTokens,
        clock: Callable[[], float] = time.monotonic,
        *,
        secure: bool = False,
    ) -> None:
        self.session_cookie = SESSION_COOKIES[0 if secure else 1]
        self.identity = identity
        self.csrf = csrf
        self._homes = homes
        self.clock = clock
        self._known: dict[Key, Admission] = {}
        self._run_homes: dict[tuple[int, str], tuple[int, float]] = {}
        self._epoch = 0

    def known(self, authorization: str | None, workspace: str | None) -> Admission | None:
        """A decision that is still good; None when it must be taken (again)."""
        found = self._known.get((authorization, workspace))
        return found if found is not None and found.until > self.clock() else None

    async def admit(self, authorization: str | None, workspace: str | None, remote: str) -> Context:
        """The context of a request.

        Args:
            workspace: the name in its address; None for what belongs to the server.
        Raises: Unauthenticated, TooManyRequests; NotFound for a workspace that is not there or not theirs.
        """
        found = self.known(authorization, workspace)
        if found is not None:
            return found.context
        epoch = self._epoch
        who = await self.identity.recognise(authorization, remote)
        if workspace is None:
            context = await self.identity.at_server(who)
        else:
            context = await self.identity.in_workspace(who, workspace)
        until = self.clock() + min(REMEMBER_S, self.identity.seconds_left(who))
        if epoch == self._epoch:  # what was read may be older than a change that was made meanwhile
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[(authorization, workspace)] = Admission(context, until, epoch)
        return context

    def stands(self, admission: Admission) -> bool:
        """Whether a decision that was taken earlier is still good."""
        return admission.until > self.clock() and admission.epoch == self._epoch

    async def again(self, context: Context, request: Request, action: str) -> Context:
        """The context of a request that goes on, as it would be if it came now.

        Raises: as `admit`; NotAllowed, where nothing of the action is theirs any more.
        """
        credential = credential_of(request.scope["headers"], self.session_cookie)
        found = await self.admit(credential, context.workspace, context.remote)
        if found.workspace_id != context.workspace_id or not found.grants.permits_somewhere(action):
            raise refused(found, action)
        return msgspec.structs.replace(
            found, remote=context.remote, addressed=context.addressed, also=context.also
        )

    def forget(self) -> None:
        """After a change of principals, tokens, roles or workspaces in this process."""
        self._known.clear()
        self._run_homes.clear()
        self._epoch += 1

    def check_session(self, method: str, headers: Headers, context: Context) -> None:
        """Whether a page of ours sent what came with the cookie of a session, unless it only reads.

        Raises: CsrfTokenWrong.
        """
        if context.session and method not in SAFE:
            self.csrf.check(context.session, header_of(headers, CSRF_HEADER))

    def check(self, route: Route, context: Context) -> None:
        """Whether the route is theirs, as far as it can be told before the request is read.

        Raises: NotAllowed.
        """
        action = route.action
        if action == WHOLE and _is_closed(context.grants):
            raise refused(context, action)
        if action in (ANONYMOUS, SELF) or route.decides or context.grants.permits(action):
            return
        if context.grants.experiments and context.grants.permits_somewhere(action):
            return  # the experiments decide
        raise refused(context, action)

    async def check_experiments(self, route: Route, context: Context, fields: Mapping[str, Any]) -> None:
        """Whether the route is theirs in the experiments that a request names.

        Args:
            fields: of the request, path and query included. Cost: one indexed read, for principals only that have a
                role in some experiment.
        Raises: NotFound where they may not read, NotAllowed.
        """
        grants, action = context.grants, route.action
        if not grants.experiments or action in (ANONYMOUS, SELF) or route.decides:
            return
        if is_shared(route) and not grants.permits(action):
            raise refused(context, action)
        named = named_by(route, fields, context.default_experiment)
        for path in named.paths:
            if not await may_at(self._homes, context, action, path):
                raise refused(context, action)
        if named.nothing and not route.filtered and not grants.permits(action):
            raise refused(context, action)
        for number in named.experiments:
            _require(context, action, number, NotFound(f"No Experiment with id={number} exists"))
        await self._check_records(context, action, named)

    async def check_logged(self, route: Route, context: Context, request: Any) -> None:
        """As `check_experiments`, for a decoded request of what is logged to one run again and again: which experiment that
        is in is remembered for some seconds.
        """
        run = lone_run(request)
        if run is None:
            await self.check_experiments(route, context, plain_fields(request))
            return
        absent = NotFound(ABSENT["runs"].format(run[:200]))
        key = (context.workspace_id, run)
        home, until = self._run_homes.get(key, (None, 0.0))
        if home is None or until <= self.clock():
            homes = await self._homes.homes_of(context.workspace_id, runs=[run])
            home = homes.get(("runs", run))
            if home is None:
                raise absent
            if len(self._run_homes) >= REMEMBERED:
                self._run_homes.clear()
            self._run_homes[key] = (home, self.clock() + REMEMBER_S)
        _require(context, route.action, home, absent)

    async def _check_records(self, context: Context, action: str, named: Named) -> None:
        """What is not there and what is not theirs look the same; a request that names its experiment may make records."""
        homes = await self._homes.homes_of(
            context.workspace_id, runs=named.runs, models=named.models, traces=named.traces
        )
        for kind, words in ABSENT.items():
            for uuid in getattr(named, kind):
                home = homes.get((kind, uuid))
                absent = NotFound(words.format(uuid[:200]))
                if home is not None:
                    _require(context, action, home, absent)
                elif not named.experiments:
                    raise absent


def _is_closed(grants: Grants) -> bool:
    """Whether part of the workspace is closed to somebody: a whole import or export takes in that part, too."""
    return not grants.denied.isdisjoint(READS) or not all(
        grants.permits(action, one) for one in grants.experiments for action in (WHOLE, *READS)
    )


def _require(context: Context, action: str, home: int, absent: NotFound) -> None:
    """Raises: absent, where they may not even read; NotAllowed."""
    if not context.grants.permits(action, home):
        raise refused(context, action) if context.grants.permits("experiments/read", home) else absent


def refused(context: Context, action: str) -> NotAllowed:
    """The error for an action that is not theirs."""
    place = f"workspace {context.workspace!r}" if context.workspace else "this server"
    return NotAllowed(
        f"{context.principal.name} may not do {action} in {place}. An owner can assign a role that includes it."
    )


def plain_fields(request: Any) -> Mapping[str, Any]:
    """A decoded request as plain data, one level at a time is enough for `check_experiments`."""
    fields = msgspec.to_builtins(request)
    return fields if isinstance(fields, dict) else {}


def split_base(path: str) -> tuple[str | None, str]:
    """The workspace that a still percent-encoded path begins with, and the rest.

    `/workspaces/w/rest` → (w, /rest); `/subscriptions/s/resourceGroups/g/…/workspaces/w/rest` → (s/g/w, /rest), also
    below `/mlflow/v1.0` and `/history/v1.0`; every other path → (None, path).
    """
    if not path.startswith(_BASES):
        return None, path
    parts = path.split("/")
    if parts[1] in ("mlflow", "history"):
        del parts[1:3]
    if parts[1:2] == ["workspaces"] and len(parts) > 3:
        return unquote(parts[2]), "/" + "/".join(parts[3:])
    if parts[1:2] != ["subscriptions"] or len(parts) < 8 or parts[3].lower() != "resourcegroups":
        return None, path
    rest = parts[5:]
    if rest[0] == "providers":
        rest = rest[2:]
    if len(rest) < 3 or rest[0] != "workspaces":
        return None, path
    return "/".join(unquote(one) for one in (parts[2], parts[4], rest[1])), "/" + "/".join(rest[2:])


def session_in(credential: str | None, context: Context) -> str:
    """The secret of the session by which somebody was recognised; empty: it was another credential, or none."""
    kind, _, secret = (credential or "").partition(" ")
    return secret.strip() if kind == SESSION and context.who.token is not None else ""


def credential_of(headers: Headers, session_cookie: bytes) -> str | None:
    """The Authorization header; without one, the cookie of a browser's session as if it were one."""
    authorization = header_of(headers, b"authorization")
    if authorization is not None:
        return authorization
    session = session_of(headers, session_cookie)
    return None if session is None else f"{SESSION} {session}"


def session_of(headers: Iterable[tuple[bytes, bytes]], session_cookie: bytes) -> str | None:
    """The secret in the cookie of a browser's session."""
    for name, value in headers:
        for cookie in value.split(b";") if name == b"cookie" else ():
            key, _, secret = cookie.strip().partition(b"=")
            if key == session_cookie:
                return secret.decode("latin-1")
    return None


def header_of(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> str | None:
    """The first header of that name."""
    for name, value in headers:
        if name == wanted:
            return value.decode("latin-1")
    return None
