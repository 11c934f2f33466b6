"""Filter strings and order_by clauses to typed trees: MLflow's search language, nothing evaluated.

A filter is a list of comparisons joined by AND. Errors use MLflow's phrases, because clients match on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runyard.entities.search.regex import check_pattern
from runyard.entities.search.tables import SPAN_RULES, STATISTICS, Family, Grammar, Rule
from runyard.entities.search.tokens import Form, Token, check_text, tokenise
from runyard.entities.search.tree import Comparison, Filter, Name, Order, OrderBy, Value
from runyard.errors import InvalidInput

MAX_TERMS = 1_000
MAX_ORDER_KEYS = 20
MAX_PATTERN = 10_000  # characters of a LIKE pattern

_SIGNS = ("=", "!=", "<", "<=", ">", ">=")
_PATTERNS = ("LIKE", "ILIKE", "RLIKE")
_LIST = "While parsing a list in the query, expected"


@dataclass(frozen=True, slots=True)
class _Clause:
    """A comparison as written: no `value` for IS [NOT] NULL, several tokens for a list."""

    left: Token
    op: str
    value: tuple[Token, ...]


def parse_filter(text: str | None, grammar: Grammar) -> Filter:
    """Comparisons of a filter, in the order written; () for an absent or empty one.

    Limits: 100,000 bytes, 1,000 terms, LIKE patterns of 10,000 characters. Raises: InvalidInput.
    """
    if not text:
        return ()
    tokens = tokenise(text, "filter")
    if not tokens:
        raise InvalidInput(f"Invalid filter '{text[:100]}'. Could not be parsed.")
    clauses = _Reader(tokens).clauses()
    if len(clauses) > MAX_TERMS:
        raise InvalidInput(f"Invalid filter: {len(clauses)} terms are more than {MAX_TERMS}.")
    return tuple(_comparison(clause, grammar) for clause in clauses)


def parse_order_by(clauses: Iterable[str] | None, grammar: Grammar) -> Order:
    """Sort keys of `order_by`, most significant first. Raises: InvalidInput, also for a key given twice."""
    written = list(clauses or ())
    if len(written) > MAX_ORDER_KEYS:
        raise InvalidInput(f"Invalid order_by: {len(written)} clauses are more than {MAX_ORDER_KEYS}.")
    order = tuple(_order_clause(clause, grammar) for clause in written)
    if len({(key.name.entity, key.name.key, key.name.stat) for key in order}) < len(order):
        raise InvalidInput(f"`order_by` contains duplicate fields: {written}")
    return order


class _Reader:
    """Walks the tokens once, collecting clauses and whatever is none."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def clauses(self) -> list[_Clause]:
        found: list[_Clause] = []
        invalid: list[str] = []
        joined = True
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.is_word("AND"):
                self._at, joined = self._at + 1, True
                continue
            clause = self._clause()
            if clause and joined:
                found.append(clause)
            else:
                invalid.append(clause.left.text if clause else self._take().text)
            joined = joined and not clause
        if invalid:
            raise InvalidInput(_invalid_clauses(invalid))
        return found

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _peek(self, ahead: int) -> Token:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else Token(Form.OTHER, "")

    def _clause(self) -> _Clause | None:
        """The clause that starts here, or None without moving."""
        left = self._peek(0)
        if left.form not in (Form.WORD, Form.STRING, Form.NUMBER) or left.is_word("NOT", "OR"):
            return None
        op, width = self._operator()
        if not op:
            return None
        if op in ("IS NULL", "IS NOT NULL"):
            self._at += 1 + width
            return _Clause(left, op, ())
        value, used = self._value(1 + width)
        if not value or (op in ("IN", "NOT IN") and value[0].form is not Form.OPEN):
            return None
        self._at += 1 + width + used
        return _Clause(left, op, value)

    def _operator(self) -> tuple[str, int]:
        first, second, third = self._peek(1), self._peek(2), self._peek(3)
        if first.form is Form.OPERATOR:
            return first.text, 1
        if first.is_word(*_PATTERNS, "IN"):
            return first.text.upper(), 1
        if first.is_word("NOT") and second.is_word("IN"):
            return "NOT IN", 2
        if first.is_word("IS") and second.is_word("NULL"):
            return "IS NULL", 2
        if first.is_word("IS") and second.is_word("NOT") and third.is_word("NULL"):
            return "IS NOT NULL", 3
        return "", 0

    def _value(self, ahead: int) -> tuple[tuple[Token, ...], int]:
        first = self._peek(ahead)
        if first.form in (Form.STRING, Form.NUMBER) or (first.form is Form.WORD and not first.is_word("AND")):
            return (first,), 1
        if first.form is not Form.OPEN:
            return (), 0
        end = self._at + ahead
        while end < len(self._tokens) and self._tokens[end].form is not Form.CLOSE:
            if end > self._at + ahead and self._tokens[end].form is Form.OPEN:
                return (), 0
            end += 1
        if end == len(self._tokens):
            return (), 0
        found = tuple(self._tokens[self._at + ahead : end + 1])
        return found, len(found)


def _invalid_clauses(texts: Sequence[str]) -> str:
    shown = ", ".join(f"'{text[:100]}'" for text in texts[:10]) + (", ..." if len(texts) > 10 else "")
    return (
        f"Invalid clause(s) in filter string: {shown}. Only comparisons joined by AND are understood; "
        "quote keys that hold anything but letters, digits, underscores and dots with backticks."
    )


def _comparison(clause: _Clause, grammar: Grammar) -> Comparison:
    if clause.left.form is Form.NUMBER or clause.left.text[0] == "'":
        raise InvalidInput(f"Invalid comparison clause. Expected 'Identifier' found '{clause.left.text}'")
    name, rule = _identifier(clause.left.text, grammar)
    value = _value(name, rule, clause, grammar)
    if clause.op not in rule.ops:
        raise InvalidInput(f"Invalid comparator '{clause.op[:100]}' not one of '{_listed(rule.ops)}'")
    if clause.op in ("LIKE", "ILIKE") and isinstance(value, str) and len(value) > MAX_PATTERN:
        raise InvalidInput(f"Invalid {clause.op} pattern: more than {MAX_PATTERN} characters.")
    if clause.op == "RLIKE" and isinstance(value, str):
        check_pattern(value)
    return Comparison(name, clause.op, value)


def _listed(words: Iterable[str]) -> str:
    return "{" + ", ".join(f"'{word}'" for word in words) + "}"


# --- identifiers


def _identifier(text: str, grammar: Grammar) -> tuple[Name, Rule]:
    prefix, dot, rest = text.partition(".")
    family = grammar.family(_unquote(prefix, "`")) if dot else grammar.attributes
    if family is None:
        valid = [f.entity for f in grammar.families]
        raise InvalidInput(f"Invalid entity type '{_unquote(prefix, '`')[:100]}'. Valid values are {valid}")
    written = rest if dot else prefix
    if family.entity == "span":
        return _span_name(_unquote(written))
    if family.rule is not None:
        return _free_name(family, written, grammar), family.rule
    return _fixed_name(family, _unquote(written))


def _fixed_name(family: Family, written: str) -> tuple[Name, Rule]:
    key = family.aliases.get(written, written)
    if key not in family.rules:
        what = "attribute" if family.entity == "attribute" else family.entity
        valid = _listed([*family.rules, *family.aliases])
        raise InvalidInput(f"Invalid {what} key '{written[:100]}' specified. Valid keys are '{valid}'")
    return Name(family.entity, key), family.rules[key]


def _free_name(family: Family, written: str, grammar: Grammar) -> Name:
    exact = _unquote(written) != written
    if grammar.statistics and family.entity == "metric":
        key, dot, stat = written.rpartition(".")
        if dot and stat in STATISTICS and key != _unquote(key) and not exact:
            return Name("metric", _unquote(key), stat=stat)
        return Name("metric", _unquote(written), exact=exact)
    return Name(family.entity, _unquote(written))


def _span_name(written: str) -> tuple[Name, Rule]:
    if written.startswith("attributes."):
        key = "attributes." + _unquote(written.removeprefix("attributes."))
        return Name("span", key), SPAN_RULES["name"]
    if written not in SPAN_RULES:
        valid = _listed([*SPAN_RULES, "attributes.<key>"])
        raise InvalidInput(f"Invalid span attribute '{written[:100]}' specified. Valid keys are '{valid}'")
    return Name("span", written), SPAN_RULES[written]


def _unquote(text: str, quotes: str = "`\"'") -> str:
    """Without the quotes around the whole text, if there are any."""
    if len(text) >= 2 and text[0] in quotes and text[0] == text[-1]:
        return text[1:-1]
    return text


# --- values


def _value(name: Name, rule: Rule, clause: _Clause, grammar: Grammar) -> Value:
    if not clause.value:
        return None
    if clause.value[0].form is Form.OPEN:
        return _list_value(name, rule, clause, grammar)
    token = clause.value[0]
    if rule.kind == "number" or (rule.kind == "either" and token.form is Form.NUMBER):
        return _number(name, token)
    return _text(name, token)


def _number(name: Name, token: Token) -> int | float:
    if token.form is not Form.NUMBER:
        what = "metric" if name.entity == "metric" else f"numeric attribute: {name.key}"
        raise InvalidInput(f"Expected numeric value type for {what}. Found {token.text[:100]}")
    if name.entity != "metric" and len(token.text) <= 18 and token.text.lstrip("-").isdigit():
        return int(token.text)
    return float(token.text)


_NOUNS = {"attribute": "attributes", "dataset": "dataset attributes"}


def _text(name: Name, token: Token) -> str:
    if token.form is Form.STRING:
        return token.text[1:-1]
    if token.form is Form.WORD:
        raise InvalidInput(
            "Parameter value is either not quoted or unidentified quote types used for string value "
            f"{token.text[:100]}. Use either single or double quotes."
        )
    raise InvalidInput(_want_text(name, token.text))


def _want_text(name: Name, got: str) -> str:
    noun = _NOUNS.get(name.entity)
    if noun:
        return f"Expected a quoted string value for {noun}. Got value {got[:100]}"
    return f"Expected a quoted string value for {name.entity} (e.g. 'my-value'). Got value {got[:100]}"


def _list_value(name: Name, rule: Rule, clause: _Clause, grammar: Grammar) -> tuple[str, ...]:
    written = " ".join(token.text for token in clause.value)
    if rule.kind == "number":
        raise InvalidInput(
            f"Expected numeric value type for {name.entity}: {name.key}. Found {written[:100]}"
        )
    if not rule.lists or clause.op not in ("IN", "NOT IN"):
        family = next(f for f in grammar.families if f.entity == name.entity)
        with_lists = [key for key, r in family.rules.items() if r.lists]
        if rule.lists or not with_lists:
            raise InvalidInput(_want_text(name, written))
        shown = ", ".join(f"'{key}'" for key in with_lists)
        raise InvalidInput(
            f"Only the {shown} attribute supports comparison with a list of quoted string values."
        )
    return _strings(clause.value[1:-1])


def _strings(tokens: Sequence[Token]) -> tuple[str, ...]:
    if not tokens:
        raise InvalidInput(f"{_LIST} a non-empty list of string values, but got empty list")
    words, commas = tokens[::2], tokens[1::2]
    if any(token.form is not Form.STRING or token.text[0] != "'" for token in words):
        raise InvalidInput(
            f"{_LIST} string value, punctuation, or whitespace, but got different type in list"
        )
    if any(token.form is not Form.COMMA for token in commas) or len(words) == 0:
        raise InvalidInput(f"{_LIST} a non-empty list of string values, but got ill-formed list.")
    return tuple(token.text[1:-1] for token in words)


# --- order


def _order_clause(text: str, grammar: Grammar) -> OrderBy:
    check_text(text, "order_by clause")
    tokens = tokenise(text, "order_by clause")
    if not 1 <= len(tokens) <= 2 or any(
        token.text[0] not in '`"' and token.form is not Form.WORD for token in tokens
    ):
        raise InvalidInput(f"Invalid order_by clause '{text[:200]}'. Could not be parsed.")
    if len(tokens) == 2 and not tokens[1].is_word("ASC", "DESC"):
        raise InvalidInput(f"Invalid ordering key in order_by clause '{text[:200]}'.")
    ascending = len(tokens) == 1 or tokens[1].is_word("ASC")
    return OrderBy(_order_name(tokens[0].text, grammar), ascending)


def order_key(field_name: str, ascending: bool, grammar: Grammar) -> OrderBy:
    """A sort key given as an object, as logged models have them: an identifier without direction."""
    check_text(field_name, "order_by field")
    return OrderBy(_order_name(field_name.strip(), grammar), ascending)


def _order_name(text: str, grammar: Grammar) -> Name:
    prefix, dot, rest = text.partition(".")
    family = grammar.family(_unquote(prefix, "`")) if dot else grammar.attributes
    if family is None:
        valid = [f.entity for f in grammar.families]
        raise InvalidInput(f"Invalid entity type '{_unquote(prefix, '`')[:100]}'. Valid values are {valid}")
    if family.entity in grammar.order_entities:
        return _free_name(family, rest, grammar)
    written = _unquote(rest if dot else prefix)
    if family.entity != "attribute":
        raise InvalidInput(f"Invalid order_by entity: {family.entity}")
    if written not in grammar.order_keys:
        valid_keys = _listed(grammar.order_keys)
        raise InvalidInput(
            f"Invalid attribute key '{written[:100]}' specified. Valid keys are '{valid_keys}'"
        )
    return Name("attribute", grammar.order_keys[written])
