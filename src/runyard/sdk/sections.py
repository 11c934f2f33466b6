"""Settings in groups, as run configurations and environments have them: attributes in Python, camelCase in files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(eq=False)
class Section:
    """A group of settings. Only those that there are can be set, so that a misspelled name is an error."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and not hasattr(type(self), name) and name not in self._names():
            raise AttributeError(f"{type(self).__name__} has no attribute {name}", name=name, obj=self)
        object.__setattr__(self, name, value)

    @classmethod
    def _names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in fields(cls))

    def to_json(self) -> dict[str, Any]:
        """The settings by the names that files have."""
        return {camel(name): plain(getattr(self, name)) for name in self._names()}

    def take(self, found: Mapping[str, Any]) -> Self:
        """Set what a file says; names that are not known are passed over, as later releases may have more."""
        for name in self._names():
            if camel(name) not in found:
                continue
            value, now = found[camel(name)], getattr(self, name)
            if isinstance(now, Section):
                if isinstance(value, Mapping):
                    now.take(value)
            elif value is not None or not isinstance(now, dict | list | bool):
                setattr(self, name, value)
        return self

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, Section) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Section) or hasattr(value, "as_dict"):
        return value.to_json() if isinstance(value, Section) else value.as_dict()
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def camel(name: str) -> str:
    """`base_image` as `baseImage`."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)
