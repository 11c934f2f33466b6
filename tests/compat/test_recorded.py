"""Raw calls against our server, compared with what a stock MLflow 3.18 server answered to the same calls.

Compared are the status, the error code and the body, with ids and times replaced; texts of errors only where a
client looks for a phrase. Differences on purpose stand in `differences.py`.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.components.postgres import is_installed

from .calls import GROUPS
from .calls.call import Call
from .differences import ATTRIBUTES, DIFFERENCES, rest
from .environments import ROOT
from .replay import replay, shape
from .servers import running_server

RECORDED = Path(__file__).parent / "recorded"
CASES = [(group, call) for group, calls in GROUPS.items() for call in calls]
NAMED = {"RUNYARD_COMPAT_SERVER", "RUNYARD_COMPAT_URL"} & set(os.environ)
DATABASES = [""] if NAMED else ["runyard", "postgres"]
Answers = Callable[[str], dict[str, dict[str, Any]]]


@pytest.fixture(scope="session", params=DATABASES)
def recorded_kind(request: pytest.FixtureRequest, server_kind: str) -> str:
    """Our server is asked on both databases, unless the session names one server."""
    return str(request.param) or server_kind


@pytest.fixture(scope="session")
def answers(
    recorded_kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Answers]:
    """The server's answers to a group of calls; a group is sent once."""
    if recorded_kind == request.getfixturevalue("server_kind"):
        yield cache(lambda group: replay(request.getfixturevalue("server_url"), GROUPS[group]))
        return
    if not is_installed():
        pytest.skip("needs PostgreSQL's server package")
    with running_server(recorded_kind, tmp_path_factory.mktemp(recorded_kind)) as url:
        yield cache(lambda group: replay(url, GROUPS[group]))


@cache
def _recorded(group: str) -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = json.loads((RECORDED / f"{group}.json").read_text())
    return loaded


@pytest.mark.parametrize(("group", "call"), CASES, ids=[f"{g}: {c.name[:60]}" for g, c in CASES])
def test_answer_is_that_of_a_stock_server(
    group: str, call: Call, answers: Answers, recorded_kind: str
) -> None:
    got = answers(group)[call.name]
    expected = _recorded(group)[call.name]
    difference = DIFFERENCES.get((group, call.name)) if recorded_kind != "stock" else None
    if difference is not None:
        assert _verdict(got) == (difference.status, difference.code), difference.reason
        if difference.apart is not None:
            assert rest(got["body"], difference.apart) == rest(expected["body"], difference.apart)
        return
    assert _verdict(got) == _verdict(expected), _text(got)
    if got["status"] < 400:
        _assert_same_body(call, got["body"], expected["body"])
    elif isinstance(got["body"], dict):
        assert call.phrase in got["body"].get("message", "")


def test_every_difference_belongs_to_a_call() -> None:
    known = {(group, call.name) for group, call in CASES}
    assert [key for key in DIFFERENCES if key not in known] == []


def test_every_difference_is_one() -> None:
    """An entry whose answer has become equal to the recorded one is to be taken out."""
    equal = [
        (group, name)
        for (group, name), difference in DIFFERENCES.items()
        if difference.apart is None
        and (difference.status, difference.code) == _verdict(_recorded(group)[name])
        and difference.reason != ATTRIBUTES  # the same status, other rows
        and name != "get-artifact without path"
    ]
    assert equal == []


def test_every_difference_is_documented() -> None:
    page = " ".join((ROOT / "docs" / "compatibility.md").read_text().split())
    reasons = {difference.reason for difference in DIFFERENCES.values()}
    scenarios = "".join(file.read_text() for file in (Path(__file__).parent / "client").glob("*.py"))
    keys = set(re.findall(r'by_server\(\s*"([^"]+)"', scenarios))
    assert sorted(text for text in reasons | keys if text not in page) == []


def _verdict(answer: dict[str, Any]) -> tuple[int, str]:
    body = answer["body"]
    return answer["status"], body.get("error_code", "") if isinstance(body, dict) else ""


def _text(answer: dict[str, Any]) -> str:
    return json.dumps(answer, indent=1, ensure_ascii=False)[:2000]


def _assert_same_body(call: Call, got: Any, expected: Any) -> None:
    if call.compare == "shape":
        got, expected = shape(got), shape(expected)
    if call.compare == "count":
        got, expected = ({name: len(items) for name, items in body.items()} for body in (got, expected))
    if call.compare != "status":
        assert got == expected
