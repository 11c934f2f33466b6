"""Splits filter and order_by text into tokens, in time linear in its length."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from runyard.errors import InvalidInput

MAX_BYTES = 100_000

_SPACE = re.compile(r"\s+")
_OPERATOR = re.compile(r"[<>=~!]+")
_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.])")
_WORD = re.compile(r"\w+")
_QUOTES = "'\"`"


class Form(Enum):
    """What a token looks like."""

    WORD = "word"  # a name, perhaps with dots and quoted parts; also keywords
    STRING = "string"  # '...' or "..."
    NUMBER = "number"
    OPERATOR = "operator"
    OPEN = "("
    CLOSE = ")"
    COMMA = ","
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text, as written."""

    form: Form
    text: str

    def is_word(self, *words: str) -> bool:
        """True for one of these keywords (upper case here, any case in the text)."""
        return self.form is Form.WORD and self.text.upper() in words


_SINGLE = {"(": Form.OPEN, ")": Form.CLOSE, ",": Form.COMMA}


def check_text(text: str, what: str) -> None:
    """Raises InvalidInput for text that is too long, or that no database could compare with."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise InvalidInput(f"Invalid {what}: it holds half of a surrogate pair. Send valid UTF-8.") from None
    if size > MAX_BYTES:
        raise InvalidInput(
            f"Invalid {what}: {size} bytes are more than {MAX_BYTES}. Split the search into several."
        )
    if "\0" in text:
        raise InvalidInput(f"Invalid {what}: it holds a NUL character, which no stored text can hold.")


def tokenise(text: str, what: str) -> list[Token]:
    """Tokens of `text` without blanks. `what` names the text in errors."""
    check_text(text, what)
    found: list[Token] = []
    at = 0
    while at < len(text):
        if blank := _SPACE.match(text, at):
            at = blank.end()
            continue
        token = _next(text, at, what)
        found.append(token)
        at += len(token.text)
    return found


def _next(text: str, at: int, what: str) -> Token:
    char = text[at]
    if char in _SINGLE:
        return Token(_SINGLE[char], char)
    if number := _NUMBER.match(text, at):
        return Token(Form.NUMBER, number.group())
    if operator := _OPERATOR.match(text, at):
        return Token(Form.OPERATOR, operator.group())
    if char == "'":
        return Token(Form.STRING, text[at : _string_end(text, at, what)])
    if char in _QUOTES or _WORD.match(text, at):
        return _name(text, at, what)
    return Token(Form.OTHER, char)


def _name(text: str, start: int, what: str) -> Token:
    """Parts joined by dots; each part is a word or quoted. One part in double quotes is a string."""
    end = _part_end(text, start, what)
    while end < len(text) and text[end] == "." and _part_follows(text, end + 1):
        end = _part_end(text, end + 1, what)
    whole = text[start:end]
    is_string = whole[0] == '"' and _string_end(text, start, what) == end
    return Token(Form.STRING if is_string else Form.WORD, whole)


def _part_follows(text: str, at: int) -> bool:
    return at < len(text) and (text[at] in '`"' or _WORD.match(text, at) is not None)


def _part_end(text: str, at: int, what: str) -> int:
    if text[at] in _QUOTES:
        return _string_end(text, at, what)
    word = _WORD.match(text, at)
    return word.end() if word else at + 1


def _string_end(text: str, start: int, what: str) -> int:
    """Index after the closing quote.

    A doubled quote and one after a backslash do not close; where nothing else closes, the last one after a
    backslash does, so that 'C:\\' is a whole string at the end of a filter. Nothing is unescaped.
    """
    quote = text[start]
    at, fallback = start + 1, -1
    while (at := text.find(quote, at)) >= 0:
        if text.startswith(quote, at + 1):
            at += 2
        elif quote != "`" and text[at - 1] == "\\" and at - 1 > start:
            fallback = at + 1
            at += 1
        else:
            return at + 1
    if fallback > 0:
        return fallback
    raise InvalidInput(
        f"Invalid {what} {_shorten(text)!r}. Could not be parsed: the quote {quote} at character {start + 1} "
        "is never closed."
    )


def _shorten(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "..."
