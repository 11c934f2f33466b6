"""An environment that is ready."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .containers import Container


class EnvironmentFailed(Exception):
    """The environment cannot be made; the message names what failed and the ways out."""


@dataclass(frozen=True)
class Prepared:
    """How a script runs in it.

    Attributes:
        python: the interpreter. container: the image that commands run in; None: the machine itself.
        path: folder of its programs, which are found first; empty: those of the machine. packages: names of those in
            it, as far as they are known. own: it was made for jobs, and nothing of the machine's Python counts in it.
    """

    python: str
    path: str = ""
    container: Container | None = None
    packages: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    own: bool = False

    def within(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Variables for a script in it."""
        found = {**variables, **self.variables}
        if self.path:
            found["PATH"] = self.path + os.pathsep + variables.get("PATH", os.defpath)
            home = os.path.dirname(self.path)
            for name, sign in (("VIRTUAL_ENV", "pyvenv.cfg"), ("CONDA_PREFIX", "conda-meta")):
                if os.path.exists(os.path.join(home, sign)):
                    found[name] = home
        return found
