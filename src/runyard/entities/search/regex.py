"""Regular expressions for RLIKE where no database does it, in time linear in the text whatever the pattern.

The language is what this module and PostgreSQL's `~` both understand and mean alike: literals, `.` (any
character), classes, `\\d \\w \\s` and their opposites, `^ $`, groups, `|`, `* + ? {m} {m,} {m,n}` (greedy
or not), and `(?i)` in front. No back references, no looking around. A pattern is found anywhere in the
text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from runyard.errors import InvalidInput

MAX_PATTERN = 1_000  # characters
MAX_STATES = 2_000  # nodes of the automaton, repetitions written out
MAX_REPEAT = 255
MAX_CACHE = 5_000  # remembered transitions
MAX_DEPTH = 50  # nested groups

Test = Callable[[str], bool]

_CLASSES: dict[str, Test] = {
    "d": str.isdecimal,
    "w": lambda char: char.isalnum() or char == "_",
    "s": str.isspace,
}
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}


# --- syntax tree


@dataclass(frozen=True, slots=True)
class _One:
    test: Test


@dataclass(frozen=True, slots=True)
class _Edge:
    """^ or $."""

    at_start: bool


@dataclass(frozen=True, slots=True)
class _Row:
    parts: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    options: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    part: _Node
    least: int
    most: int | None


_Node = _One | _Edge | _Row | _Choice | _Repeat


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._fold = pattern.startswith("(?i)")
        self._text = pattern.removeprefix("(?i)")
        self._at = 0
        self._depth = 0

    def parse(self) -> _Node:
        node = self._choice()
        if self._at < len(self._text):
            raise self._error("a closing parenthesis without an opening one")
        return node

    def _error(self, why: str) -> InvalidInput:
        return InvalidInput(f"Invalid RLIKE pattern {self._text[:100]!r}: {why} at character {self._at + 1}.")

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        char = self._peek()
        if not char:
            raise self._error("unexpected end")
        self._at += 1
        return char

    def _choice(self) -> _Node:
        options = [self._row()]
        while self._peek() == "|":
            self._at += 1
            options.append(self._row())
        return options[0] if len(options) == 1 else _Choice(tuple(options))

    def _row(self) -> _Node:
        parts: list[_Node] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated())
        return _Row(tuple(parts))

    def _repeated(self) -> _Node:
        node = self._atom()
        bounds = self._bounds()
        if bounds is None:
            return node
        if self._peek() == "?":
            self._at += 1
        if self._bounds() is not None:
            raise self._error("two repetitions in a row")
        return _Repeat(node, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        char = self._peek()
        if char in ("*", "+", "?") and char:
            self._at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        if char != "{" or not self._text[self._at + 1 : self._at + 2].isdecimal():
            return None
        end = self._text.find("}", self._at)
        low, comma, high = self._text[self._at + 1 : end].partition(",")
        numbers = [text for text in (low, high) if text]
        if end < 0 or not all(
            text.isascii() and text.isdecimal() and int(text[:4]) <= MAX_REPEAT for text in numbers
        ):
            raise self._error(f"a repetition must be {{m}}, {{m,}} or {{m,n}}, up to {MAX_REPEAT},")
        least, most = int(low), (int(high) if high else None) if comma else int(low)
        if most is not None and most < least:
            raise self._error("a repetition whose bounds are reversed")
        self._at = end + 1
        return least, most

    def _atom(self) -> _Node:
        char = self._take()
        if char == "(":
            return self._group()
        if char == "[":
            return _One(self._class())
        if char == ".":
            return _One(lambda _: True)
        if char in "^$":
            return _Edge(at_start=char == "^")
        if char in "*+?":
            raise self._error("a repetition of nothing")
        return _One(self._escape() if char == "\\" else self._literal(char))

    def _group(self) -> _Node:
        if self._text.startswith("?:", self._at):
            self._at += 2
        elif self._peek() == "?":
            raise self._error("an unsupported kind of group")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error("too many nested groups")
        node = self._choice()
        self._depth -= 1
        if self._peek() != ")":
            raise self._error("a parenthesis that is never closed")
        self._at += 1
        return node

    def _literal(self, char: str) -> Test:
        if self._fold:
            both = char.lower() + char.upper()
            return lambda other: other in both
        return lambda other: other == char

    def _escape(self) -> Test:
        char = self._take()
        if char.lower() in _CLASSES:
            inside = _CLASSES[char.lower()]
            return inside if char.islower() else lambda other: not inside(other)
        if char.isalnum() and char not in _ESCAPES:
            raise self._error(f"an unsupported escape \\{char}")
        return self._literal(_ESCAPES.get(char, char))

    def _class(self) -> Test:
        negated = self._peek() == "^"
        self._at += negated
        tests: list[Test] = []
        while self._peek() != "]" or not tests:
            tests.append(self._member())
        self._at += 1
        return lambda char: any(test(char) for test in tests) != negated

    def _member(self) -> Test:
        if self._text.startswith(("[:", "[.", "[="), self._at):
            raise self._error("an unsupported class")
        first = self._take()
        if first == "\\":
            return self._escape()
        if self._peek() != "-" or self._text[self._at + 1 : self._at + 2] in ("]", ""):
            return self._literal(first)
        self._at += 1
        last = self._take()
        if last in "\\[" or last < first:
            raise self._error("a range that is reversed or ends in an escape")
        if self._fold:
            return lambda char: first <= char.lower() <= last or first <= char.upper() <= last
        return lambda char: first <= char <= last


# --- automaton


@dataclass(slots=True)
class _State:
    """test: go to `then` with a character that fits.

    Otherwise go to all of `jumps` at once; `edge` only there.
    """

    test: Test | None = None
    then: int = 0
    jumps: tuple[int, ...] = ()
    edge: _Edge | None = None


class _Builder:
    """Builds states back to front: `add(node, then)` returns where node starts, when it goes on at then."""

    def __init__(self) -> None:
        self.states: list[_State] = [_State()]  # 0: found

    def _new(self, state: _State) -> int:
        self.states.append(state)
        if len(self.states) > MAX_STATES:
            raise InvalidInput("Invalid RLIKE pattern: its repetitions are too large.")
        return len(self.states) - 1

    def add(self, node: _Node, then: int) -> int:
        if isinstance(node, _One):
            return self._new(_State(test=node.test, then=then))
        if isinstance(node, _Edge):
            return self._new(_State(jumps=(then,), edge=node))
        if isinstance(node, _Choice):
            return self._new(_State(jumps=tuple(self.add(option, then) for option in node.options)))
        if isinstance(node, _Row):
            for part in reversed(node.parts):
                then = self.add(part, then)
            return then
        return self._repeat(node, then)

    def _repeat(self, node: _Repeat, then: int) -> int:
        if node.most is None:
            loop = self._new(_State())
            self.states[loop].jumps = (self.add(node.part, loop), then)
            then = loop
        else:
            end = then
            for _ in range(node.most - node.least):
                then = self._new(_State(jumps=(self.add(node.part, then), end)))
        for _ in range(node.least):
            then = self.add(node.part, then)
        return then


class Regex:
    """A compiled pattern. Raises: InvalidInput, for a pattern outside the language or its limits."""

    def __init__(self, pattern: str) -> None:
        if len(pattern) > MAX_PATTERN:
            raise InvalidInput(f"Invalid RLIKE pattern: more than {MAX_PATTERN} characters.")
        builder = _Builder()
        self._start = builder.add(_Parser(pattern).parse(), 0)
        self._states = builder.states
        self._seen: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        self.work = 0  # states visited so far

    def found_in(self, text: str) -> bool:
        """True if the pattern occurs in text."""
        now = self._closed({self._start}, first=True, last=not text)
        self.work += len(text) + 1
        for char in text:
            if 0 in now:
                return True
            now = self._step(now, char)
        return 0 in now or 0 in self._closed(now, first=False, last=True)

    def _step(self, now: frozenset[int], char: str) -> frozenset[int]:
        known = self._seen.get((now, char))
        if known is not None:
            return known
        states = self._states
        self.work += len(now)
        then = {self._start}
        for at in now:
            test = states[at].test
            if test is not None and test(char):
                then.add(states[at].then)
        closed = self._closed(then, first=False, last=False)
        if len(self._seen) >= MAX_CACHE:
            self._seen.clear()
        self._seen[(now, char)] = closed
        return closed

    def _closed(self, found: set[int] | frozenset[int], *, first: bool, last: bool) -> frozenset[int]:
        """All states reached without a character; those before an unmet `$` stay, to be asked at the end."""
        closed = set(found)
        waiting = list(found)
        while waiting:
            state = self._states[waiting.pop()]
            if state.edge is not None and not (first if state.edge.at_start else last):
                continue
            fresh = [jump for jump in state.jumps if jump not in closed]
            closed.update(fresh)
            waiting.extend(fresh)
        self.work += len(closed)
        return frozenset(closed)


@lru_cache(maxsize=64)
def check_pattern(pattern: str) -> None:
    """Raises: InvalidInput, for a pattern outside the language or its limits."""
    Regex(pattern)
