"""Rules for alerts: who is told of what happens to runs, and the messages on their way."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from runyard.entities.alert import Alert, AlertEvent, AlertMessage
from runyard.errors import InvalidInput, NotAllowed, NotFound, RunyardError, shown
from runyard.services.checks import check_length, experiment_of
from runyard.services.context import Context
from runyard.services.vault import Vault
from runyard.store.alert_contracts import AlertStore, Delivery, NewAlert

READ, WRITE = "alerts/read", "alerts/write"
PURPOSE = "alert"
LIMIT = 1_000  # alerts of a workspace
URL_LIMIT = 2_000
KEY_LIMIT = 1_000
STALLED_DEFAULT_S = 600
STALLED_S = (30, 30 * 86_400)
EVENTS = {event.text: event for event in AlertEvent}
TEST = "test"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,126}")


class Receiver(msgspec.Struct):
    """What of an alert is kept encrypted."""

    url: str
    key: str


class Hosts(Protocol):
    """Judges hosts that the server may connect to."""

    async def check(self, host: str) -> None:
        """Raises: InvalidInput."""
        ...


class Post(Protocol):
    """Sends a request."""

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer. Raises: InvalidInput for a host that may not be reached, OSError."""
        ...


class AlertService:
    """Checks, then asks the store.

    Args:
        clock: seconds since 1970.
    """

    def __init__(
        self,
        store: AlertStore,
        vault: Vault,
        hosts: Hosts,
        post: Post,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._vault = vault
        self._hosts = hosts
        self._post = post
        self._clock = clock

    async def set(
        self,
        ctx: Context,
        name: str,
        url: object,
        events: Sequence[str],
        *,
        experiment_id: str | int | None,
        stalled_s: int,
        key: object,
    ) -> str:
        """Set or replace an alert; the key that its messages are signed with."""
        if not _NAME.fullmatch(name):
            raise InvalidInput(
                f"Invalid alert name {shown(name, 100)}: 1 to 127 letters, digits, '-', '_' and '.', the first a "
                "letter or digit."
            )
        experiment = None if experiment_id in (None, "") else experiment_of(ctx, experiment_id or "")
        require(ctx, WRITE, experiment)
        there = await self._store.find(ctx.workspace_id, name)
        if there is not None:
            require(ctx, WRITE, there[0].experiment_id)
        host = await self._checked_host(url)
        receiver = Receiver(str(url), _checked_key(key))
        wanted = _events_of(events)
        if not STALLED_S[0] <= stalled_s <= STALLED_S[1]:
            raise InvalidInput(
                f"Invalid value {stalled_s} for parameter 'stalled_s' supplied: it must be {STALLED_S[0]} to {STALLED_S[1]}."
            )
        sealed = self._vault.seal(msgspec.json.encode(receiver), PURPOSE, str(ctx.workspace_id), name)
        new = NewAlert(name, experiment, wanted, stalled_s, host, sealed, ctx.principal.name)
        await self._store.put(ctx.workspace_id, new, LIMIT)
        return receiver.key

    async def list(self, ctx: Context) -> list[Alert]:
        """Those that they may see, by name; never an address or a key."""
        found = await self._store.all_of(ctx.workspace_id)
        return [one for one in found if ctx.grants.permits(READ, one.experiment_id)]

    async def delete(self, ctx: Context, name: str) -> None:
        """With its messages that are under way. Raises: NotFound."""
        await self._find(ctx, WRITE, name)
        await self._store.delete(ctx.workspace_id, name)

    async def test(self, ctx: Context, name: str) -> int:
        """Send a message now; the status that the receiver answered, which is a success.

        Raises: NotFound; InvalidInput, when it did not arrive.
        """
        alert, sealed = await self._find(ctx, WRITE, name)
        experiment = alert.experiment_id
        message = AlertMessage(
            text=f"This is a test of alert {name} in workspace {ctx.workspace}.",
            event=TEST,
            id=uuid.uuid4().hex,
            time_ms=int(self._clock() * 1000),
            workspace=ctx.workspace,
            experiment_id=None if experiment is None else str(experiment),
        )
        body = msgspec.json.encode(message)
        status, error = await self._send(ctx.workspace_id, name, sealed, TEST, message.id, body)
        if error is not None:
            raise InvalidInput(f"The message did not arrive at {alert.host}: {error}")
        return status

    async def deliver(self, one: Delivery) -> str | None:
        """Send a message; why it did not arrive, or None."""
        event = msgspec.json.decode(one.body, type=AlertMessage).event
        return (
            await self._send(one.workspace_id, one.name, one.sealed, event, one.event, one.body.encode())
        )[1]

    async def _find(self, ctx: Context, action: str, name: str) -> tuple[Alert, bytes]:
        found = await self._store.find(ctx.workspace_id, name) if _NAME.fullmatch(name) else None
        if found is None or not ctx.grants.permits(READ, found[0].experiment_id):
            raise NotFound(f"There is no alert {shown(name, 100)} here.")
        require(ctx, action, found[0].experiment_id)
        return found

    async def _send(
        self, workspace_id: int, name: str, sealed: bytes, event: str, delivery: str, body: bytes
    ) -> tuple[int, str | None]:
        try:
            receiver = msgspec.json.decode(
                self._vault.open(sealed, PURPOSE, str(workspace_id), name), type=Receiver
            )
            stamp = str(int(self._clock()))
            headers = {
                "Content-Type": "application/json",
                "Runyard-Event": event,
                "Runyard-Delivery": delivery,
                "Runyard-Signature": f"t={stamp},v1={signature(receiver.key, stamp, body)}",
            }
            status = await self._post(receiver.url, headers, body)
        except RunyardError as exc:
            return 0, exc.message
        except (OSError, ValueError) as exc:
            return 0, f"{type(exc).__name__}: {str(exc)[:200] or 'no answer'}"
        if 300 <= status < 400:
            return (
                status,
                f"it answered {status}; a redirect is not followed. Give the address that it leads to.",
            )
        return status, None if 200 <= status < 300 else f"it answered {status}."

    async def _checked_host(self, url: object) -> str:
        """The host of an address that messages may go to. Raises: InvalidInput, without repeating the address."""
        if (
            not isinstance(url, str)
            or not 0 < len(url) <= URL_LIMIT
            or not url.isascii()
            or not url.isprintable()
        ):
            raise InvalidInput(f"The 'url' of an alert must be ASCII text of at most {URL_LIMIT} characters.")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
            parts = urlsplit("")
        wrong = " " in url or port == 0 or "@" in parts.netloc or parts.fragment
        if parts.scheme not in ("http", "https") or not host or wrong:
            raise InvalidInput(
                "The 'url' of an alert must be an http or https address without user name, password and fragment."
            )
        await self._hosts.check(host)
        return host


def signature(key: str, stamp: str, body: bytes) -> str:
    """HMAC-SHA-256 of `STAMP.BODY`, hex."""
    return hmac.new(key.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _checked_key(key: object) -> str:
    if key is None or key == "":
        return secrets.token_urlsafe(32)
    if not isinstance(key, str):
        raise InvalidInput("The 'signing_key' of an alert must be text.")
    check_length("signing_key", key, KEY_LIMIT)
    return key


def _events_of(names: Sequence[str]) -> AlertEvent:
    wanted = AlertEvent(0)
    for name in names:
        event = EVENTS.get(name)
        if event is None:
            raise InvalidInput(
                f"Invalid value {shown(name, 100)} for parameter 'events' supplied: events are {', '.join(EVENTS)}."
            )
        wanted |= event
    if not wanted:
        raise InvalidInput.missing("events")
    return wanted


def require(ctx: Context, action: str, experiment_id: int | None) -> None:
    """Raises: NotAllowed; NotFound for an experiment that they may not see."""
    if ctx.grants.permits(action, experiment_id):
        return
    if experiment_id is not None and not ctx.grants.permits("experiments/read", experiment_id):
        raise NotFound(f"No Experiment with id={experiment_id} exists")
    place = f"workspace {ctx.workspace!r}" if experiment_id is None else f"experiment {experiment_id}"
    raise NotAllowed(
        f"{ctx.principal.name} may not do {action} in {place}. An owner can assign a role that includes it."
    )
