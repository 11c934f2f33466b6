"""Where records are to go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Target:
    """A workspace of a server, and how one gets in. Two that differ in the token alone are the same.

    Attributes:
        server: base URL without credentials, `http(s)://host:port`; may be empty where offline.
        workspace: NAME or SUBSCRIPTION/GROUP/NAME; empty: the server's default.
        token: gives the token as it is now.
        offline: nothing is sent; `runyard sync` will.
        principal: on whose behalf, as far as the token tells: two of them never share a journal.
    """

    server: str
    workspace: str = ""
    token: Callable[[], str | None] | None = field(default=None, compare=False, repr=False)
    offline: bool = False
    principal: str = ""
