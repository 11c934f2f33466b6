"""YAML as people write it into conda files and run configurations: enough to read those, instead of a library.

Block mappings and lists, lists and mappings in brackets, quoted and plain scalars, texts of several lines (`|` and `>`), comments.
Anchors, tags, several documents and keys that are no scalars are refused, so that nothing is read as what it does not mean.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from runyard.errors import InvalidInput

_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_REFUSED = ("&", "*", "!", "%", "@", "`")
_BLOCK = re.compile(r"[|>][-+]?")


def load(text: str, name: str = "the text") -> Any:
    """The value.

    Args:
        name: of the file, for errors.
    Raises: InvalidInput, with the number of the line.
    """
    return _Reader(text, name).document()


class _Line(NamedTuple):
    number: int
    indent: int
    text: str


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._raw = text.removeprefix("\ufeff").splitlines()
        self._lines = [line for line in map(self._line, range(len(self._raw))) if line is not None]
        self._at = 0

    def document(self) -> Any:
        if not self._lines:
            return None
        found = self._block(self._lines[0].indent)
        if self._at < len(self._lines):
            raise self._wrong(self._lines[self._at], "it stands at a depth where nothing can stand")
        return found

    def _line(self, index: int) -> _Line | None:
        raw = self._raw[index].rstrip()
        text = raw.lstrip(" ")
        if not text or text.startswith("#") or (text == "---" and index == 0):
            return None
        if text in ("---", "...") or text.startswith(("--- ", "\t")):
            raise self._wrong(
                _Line(index + 1, 0, text),
                "several documents and tabs at the beginning of a line are not read",
            )
        return _Line(index + 1, len(raw) - len(text), text)

    def _wrong(self, line: _Line, why: str) -> InvalidInput:
        return InvalidInput(
            f"Line {line.number} of {self._name} cannot be read as YAML: {why}: {line.text[:80]!r}."
        )

    def _next(self) -> _Line | None:
        return self._lines[self._at] if self._at < len(self._lines) else None

    def _block(self, indent: int) -> Any:
        line = self._lines[self._at]
        if _is_item(line.text):
            return self._list(indent)
        if _key_of(line.text) is not None:
            return self._mapping(indent)
        self._at += 1
        return self._scalar(line, line.text)

    def _list(self, indent: int) -> list[Any]:
        found: list[Any] = []
        while (line := self._next()) is not None and line.indent == indent:
            if not _is_item(line.text):
                break
            rest = line.text[1:].lstrip(" ")
            if not rest or rest.startswith("#"):
                self._at += 1
                found.append(self._below(indent))
                continue
            inner = _Line(line.number, indent + len(line.text) - len(rest), rest)
            self._lines[self._at] = inner
            if _is_item(rest) or _key_of(rest) is not None:
                found.append(self._block(inner.indent))
            else:
                self._at += 1
                found.append(self._value(inner, rest, indent))
        return found

    def _mapping(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (line := self._next()) is not None and line.indent == indent:
            pair = _key_of(line.text)
            if pair is None:
                raise self._wrong(line, "a name and a colon were expected")
            key, rest = str(self._scalar(line, pair[0])), pair[1]
            if key in found:
                raise self._wrong(line, "the name stands there twice")
            self._at += 1
            following = self._next()
            if rest and not rest.startswith("#"):
                found[key] = self._value(line, rest, indent)
            elif following is not None and following.indent == indent and _is_item(following.text):
                found[key] = self._list(indent)
            else:
                found[key] = self._below(indent)
        return found

    def _below(self, indent: int) -> Any:
        line = self._next()
        return self._block(line.indent) if line is not None and line.indent > indent else None

    def _value(self, line: _Line, text: str, indent: int) -> Any:
        """What stands after a name or dash; texts of several lines go on below."""
        if _BLOCK.fullmatch(_without_comment(text)):
            return self._several(line, _without_comment(text), indent)
        if text[0] in "[{" or text[0] in "\"'":
            while not _closed(text):  # it goes on in further lines
                more = self._next()
                if more is None:
                    raise self._wrong(line, "what is opened there is not closed")
                self._at += 1
                text = f"{text} {more.text}"
            return self._scalar(line, text)
        while (more := self._next()) is not None and more.indent > indent:
            if _is_item(more.text) or _key_of(more.text) is not None:
                raise self._wrong(more, "it stands at a depth where nothing can stand")
            self._at += 1
            text = f"{_without_comment(text)} {more.text}"
        return self._scalar(line, text)

    def _several(self, line: _Line, how: str, indent: int) -> str:
        rows: list[str] = []
        last = line.number
        while last < len(self._raw):
            raw = self._raw[last]
            if raw.strip() and len(raw) - len(raw.lstrip(" ")) <= indent:
                break
            rows.append(raw)
            last += 1
        while (following := self._next()) is not None and following.number <= last:
            self._at += 1
        depth = min((len(row) - len(row.lstrip(" ")) for row in rows if row.strip()), default=0)
        kept = [row[depth:] for row in rows]
        text = "\n".join(kept) if how[0] == "|" else re.sub(r"(?<!\n)\n(?!\n)", " ", "\n".join(kept))
        if how.endswith("-"):
            return text.rstrip("\n ")
        return text.rstrip("\n ") + "\n" if text.strip() else ""

    def _scalar(self, line: _Line, text: str) -> Any:
        found, rest = self._flow(line, text.strip(), "")
        if rest and not rest.startswith("#"):
            raise self._wrong(line, f"{rest[:40]!r} stands after a value")
        return found

    def _flow(self, line: _Line, text: str, ends: str) -> tuple[Any, str]:
        """A value at the beginning of a text, and what comes after it."""
        if text[:1] in ("[", "{"):
            return self._brackets(line, text)
        if text[:1] == '"':
            return self._double_quoted(line, text)
        if text[:1] == "'":
            found = re.match(r"'((?:[^']|'')*)'", text)
            if found is None:
                raise self._wrong(line, "the quote is not closed")
            return found[1].replace("''", "'"), text[found.end() :].lstrip()
        if text[:1] in _REFUSED:
            raise self._wrong(line, "anchors, aliases and tags are not read")
        plain = _without_comment(text)
        if ends:
            cut = next((at for at, letter in enumerate(plain) if letter in ends), len(plain))
            return _plain(plain[:cut].strip()), text[cut:].lstrip()
        return _plain(plain), ""

    def _double_quoted(self, line: _Line, text: str) -> tuple[str, str]:
        found = re.match(r'"(?:[^"\\]|\\.)*"', text)
        if found is None:
            raise self._wrong(line, "the quote is not closed")
        try:
            value = json.loads(re.sub(r"\\U([0-9a-fA-F]{8})", _astral, found[0]), strict=False)
        except ValueError:
            raise self._wrong(line, "the quoted text holds an escape that is not read") from None
        return str(value), text[found.end() :].lstrip()

    def _brackets(self, line: _Line, text: str) -> tuple[Any, str]:
        closing = "]" if text[0] == "[" else "}"
        items: list[Any] = []
        pairs: dict[str, Any] = {}
        rest = text[1:].lstrip()
        while not rest.startswith(closing):
            if not rest:
                raise self._wrong(line, "the bracket is not closed")
            value, rest = self._flow(line, rest, "]," if closing == "]" else ":},")
            if closing == "}":
                pairs[str(value)], rest = self._flow(line, rest.removeprefix(":").lstrip(), "},")
            else:
                items.append(value)
            if rest.startswith(","):
                rest = rest[1:].lstrip()
            elif not rest.startswith(closing):
                raise self._wrong(line, "a comma is missing")
        return (items if closing == "]" else pairs), rest[1:].lstrip()


def _key_of(text: str) -> tuple[str, str] | None:
    """The name and the rest of `name: rest`; None where the text is no such pair."""
    if text[0] in "[{":
        return None
    if text[0] in "\"'":
        found = re.match(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*:(?:\s+|$)(.*)""", text)
    else:
        found = re.match(r"([^#]*?)\s*:(?:\s+|$)(.*)", text)
    return None if found is None else (found[1], found[2])


def _is_item(text: str) -> bool:
    return text == "-" or text.startswith("- ")


def _without_comment(text: str) -> str:
    return re.split(r"\s#|^#", text, maxsplit=1)[0].rstrip()


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _closed(text: str) -> bool:
    """Whether all brackets and quotes of a text are closed."""
    bare = re.sub(r"""\"(?:[^"\\]|\\.)*\"|'(?:[^']|'')*'""", "", text)
    if '"' in bare or (text[0] == "'" and "'" in bare):
        return False
    return bare.count("[") + bare.count("{") <= bare.count("]") + bare.count("}")


def _astral(found: re.Match[str]) -> str:
    return json.dumps(chr(int(found[1], 16)))[1:-1]
