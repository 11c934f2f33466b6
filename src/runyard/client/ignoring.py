"""What a folder's .gitignore and .amlignore leave out: git's rules, which Azure ML takes over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

FILES = (".amlignore", ".gitignore")  # the first one that a folder has is the one that counts there
ALWAYS = frozenset({".git", ".hg", ".svn", "__pycache__", ".ipynb_checkpoints"})
VENV = "pyvenv.cfg"  # a folder that has it is a virtual environment


class Rule(NamedTuple):
    """One line of such a file.

    Attributes:
        base: the folder of the file, relative to the root; empty: the root.
        keeps: it begins with `!`.
    """

    base: str
    pattern: re.Pattern[str]
    keeps: bool
    folders_only: bool

    def concerns(self, path: str, is_folder: bool) -> bool:
        """Whether it speaks of a path, relative to the root."""
        if self.folders_only and not is_folder:
            return False
        inner = path.removeprefix(f"{self.base}/") if self.base else path
        return self.pattern.fullmatch(inner) is not None


def rules_of(folder: Path, base: str) -> list[Rule]:
    """The rules that a folder brings.

    Args:
        base: the folder, relative to the root.
    """
    for name in FILES:
        try:
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        return list(parsed(text.splitlines(), base))
    return []


def parsed(lines: Iterable[str], base: str = "") -> Iterable[Rule]:
    """The rules of lines."""
    for line in lines:
        text = re.sub(r"(?<!\\) +$", "", line.rstrip("\r\n"))
        if not text or text.startswith("#"):
            continue
        keeps = text.startswith("!")
        text = text[1:] if keeps else text
        folders_only = text.endswith("/")
        text = text.rstrip("/") if folders_only else text
        if text:
            yield Rule(base, re.compile(_regex(text), re.DOTALL), keeps, folders_only)


def left_out(path: str, is_folder: bool, rules: Sequence[Rule]) -> bool:
    """Whether rules leave a path out; the last one that concerns it decides."""
    if path.rpartition("/")[2] in ALWAYS:
        return True
    found = next((rule for rule in reversed(rules) if rule.concerns(path, is_folder)), None)
    return found is not None and not found.keeps


def _regex(pattern: str) -> str:
    anchored = "/" in pattern
    parts = pattern.lstrip("/").split("/")
    found = "" if anchored else "(?:.*/)?"
    for at, part in enumerate(parts):
        last = at == len(parts) - 1
        if part == "**":
            found += ".+" if last else "(?:.*/)?"
        else:
            found += _of_part(part) + ("" if last else "/")
    return found


def _of_part(part: str) -> str:
    found = ""
    at = 0
    while at < len(part):
        letter = part[at]
        at += 1
        if letter == "*":
            found += "[^/]*"
        elif letter == "?":
            found += "[^/]"
        elif letter == "\\" and at < len(part):
            found += re.escape(part[at])
            at += 1
        elif letter == "[" and (end := part.find("]", at + 1 + (part[at : at + 1] in ("!", "^")))) > 0:
            inside = part[at:end].replace("\\", "\\\\").replace("[", "\\[")
            found += f"[^{inside[1:]}]" if inside[:1] in ("!", "^") else f"[{inside}]"
            at = end + 1
        else:
            found += re.escape(letter)
    return found
