"""Names that people should not have to fear, and how they are shown."""

from __future__ import annotations

import re


def shown(text: str) -> str:
    """As a page shows it: characters that turn the direction of what follows by their numbers."""
    return re.sub("[\u202a-\u202e\u2066-\u2069]", lambda one: f"[U+{ord(one[0]):04X}]", text)
