"""An environment that is ready."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class EnvironmentFailed(Exception):
    """The environment cannot be made; the message names what failed and the ways out."""


@dataclass(frozen=True)
class Prepared:
    """How a script runs in it.

    Attributes:
        python: the interpreter. before: words that go before each command, such as those of a container.
        path: folder of its programs, empty where it has none of its own. packages: names of those in it, as far as
            they are known.
    """

    python: str
    path: str = ""
    before: Sequence[str] = ()
    packages: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def own(self) -> bool:
        """Whether it brings its own Python."""
        return bool(self.path)

    def within(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Variables for a script in it."""
        found = {**variables, **self.variables}
        if self.path:
            found["PATH"] = self.path + os.pathsep + variables.get("PATH", os.defpath)
            found["VIRTUAL_ENV"] = os.path.dirname(self.path)
        return found
