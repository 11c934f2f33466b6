"""Searches of traces among what the journals of this machine tell, with the server's grammar."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from runyard.client.journal.calls.search import answer_of, page_of
from runyard.client.journal.calls.way import Document, away
from runyard.client.journal.trace_state import KnownTrace
from runyard.entities.search.evaluate import Scalar, ordered, selected
from runyard.entities.search.grammar import parse_filter, parse_order_by
from runyard.entities.search.limits import check_max_results
from runyard.entities.search.tables import TRACES
from runyard.entities.search.tree import Comparison, Filter, Name, OrderBy
from runyard.entities.trace import LINKED_PROMPTS, SOURCE_RUN, TRACE_NAME
from runyard.entities.trace_rules import SEARCH_DEFAULT, SEARCH_LIMIT
from runyard.errors import InvalidInput
from runyard.wire.mlflow.traces import SearchTraces

OWN_ORDER = (OrderBy(Name("attribute", "timestamp_ms"), False), OrderBy(Name("attribute", "request_id")))
NUMBER = "number"  # a value that is compared with a number
OF_SPANS = ("name", "type", "status")


def traces(known: Sequence[KnownTrace], experiment_ids: Sequence[str], query: SearchTraces) -> Document:
    """A page of traces as MLflow's API answers it.

    Raises: InvalidInput, as the server; StorageUnavailable, for what spans hold and for later pages of the server.
    """
    if not experiment_ids:
        raise InvalidInput.missing("locations")
    clauses = _told_here(parse_filter(query.filter or "", TRACES))
    order = parse_order_by(query.order_by or [], TRACES)
    limit = check_max_results(
        SEARCH_DEFAULT if query.max_results is None else query.max_results, SEARCH_LIMIT
    )
    here = [one for one in known if one.experiment_id in experiment_ids]
    found = ordered(selected(here, clauses, _of), (*order, *OWN_ORDER), _sorted_by)
    asked = ("traces", sorted(experiment_ids), query.filter, query.order_by)
    page, token = page_of(found, limit, query.page_token or None, asked)
    return answer_of("traces", [one.info_message() for one in page], token)


def _told_here(clauses: Filter) -> Filter:
    """Raises: StorageUnavailable, for what is not told here."""
    if sum(clause.entity == "span" for clause in clauses) > 1:
        raise away("Several conditions on one span are known to the server alone, and it is away.")
    return tuple(_scored(clause) for clause in clauses)


def _scored(clause: Comparison) -> Comparison:
    entity, key = clause.entity, clause.key
    if (entity == "span" and key not in OF_SPANS) or (entity, key) == ("attribute", "text"):
        raise away("What spans hold is known to the server alone, and it is away.")
    if entity in ("feedback", "expectation") and isinstance(clause.value, int | float):
        return replace(clause, name=replace(clause.name, stat=NUMBER))
    return clause


def _of(trace: KnownTrace, name: Name) -> Sequence[Scalar]:
    info, key = trace.info, name.key
    if name.entity == "tag":
        return (info.tags.get(key),)
    if name.entity == "metadata":
        return (info.metadata.get(key),)
    if name.entity == "span":
        return [getattr(span, key) for span in trace.spans.values()]
    if name.entity in ("feedback", "expectation"):
        said = [one for one in info.assessments if one.valid and (one.kind, one.name) == (name.entity, key)]
        values = [(one.feedback or one.expectation or {}).get("value") for one in said]
        return [_compared(value, as_number=name.stat == NUMBER) for value in values]
    if name.entity != "attribute":
        return ()
    if key == "run_id":
        return (info.metadata.get(SOURCE_RUN), *trace.runs)
    if key == "prompt":
        return _prompts(info.tags.get(LINKED_PROMPTS))
    return (_attribute(trace, key),)


def _attribute(trace: KnownTrace, key: str) -> Scalar:
    info = trace.info
    if key == "end_time_ms":
        return None if info.duration_ms is None else info.request_ms + info.duration_ms
    return {
        "name": info.tags.get(TRACE_NAME),
        "status": str(info.state),
        "request_id": info.trace_id,
        "client_request_id": info.client_request_id,
        "timestamp_ms": info.request_ms,
        "execution_time_ms": info.duration_ms,
        "experiment_id": trace.experiment_id,
    }[key]


def _sorted_by(trace: KnownTrace, name: Name) -> Sequence[Scalar]:
    """As `_of`; of runs, the one that the trace was made in."""
    return _of(trace, name)[:1]


def _compared(value: object, *, as_number: bool) -> Scalar:
    """The value of an assessment: texts as they are, the rest as JSON; or, if it is one, as a number."""
    if as_number:
        return float(value) if isinstance(value, int | float) else None
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _prompts(text: str | None) -> list[str]:
    try:
        return [f"{one['name']}/{one['version']}" for one in json.loads(text or "[]")]
    except (ValueError, KeyError, TypeError):
        return []
