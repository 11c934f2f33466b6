"""What Azure ML's SDK has and Runyard does not have yet: asking for it says so, there are no stand-ins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

from runyard.version import __version__

KUBERNETES = "running jobs on Kubernetes"
SERVING = "building images and deploying models"


def absent(module: str, names: Mapping[str, str]) -> Callable[[str], NoReturn]:
    """A module's `__getattr__`.

    Args:
        names: what is absent → what it is for. ImportError is raised for these, because Python replaces the text of an
            AttributeError in `from module import name`.
    """

    def missing(name: str) -> NoReturn:
        if name in names:
            raise not_yet(f"{module}.{name}", names[name])
        raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)

    return missing


def not_yet(what: str, purpose: str) -> ImportError:
    """The error for a name that a later release brings."""
    return ImportError(
        f"{what} is not in Runyard {__version__}: {purpose} arrives with a later release. "
        "Tracking, remote runs, datastores, datasets, secrets and the model registry work already."
    )
