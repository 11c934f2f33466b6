"""What the connection does with answers and failures; the exchange of bytes is a double."""

import io
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from runyard.client.addresses import Address
from runyard.client.errors import ServerUnreachable
from runyard.client.retrying import Patience
from runyard.client.transport import Connection
from runyard.errors import (
    InternalFault,
    InvalidInput,
    NotFound,
    StorageUnavailable,
    TooManyRequests,
    Unauthenticated,
)

SERVER = "http://127.0.0.1:5000"
BUSY = (503, b'{"error_code": "TEMPORARILY_UNAVAILABLE", "message": "wait"}')
BROKE = ServerUnreachable("broke")
REFUSED = ServerUnreachable("refused", maybe_done=False)


class Answered:
    """Stands for an answer of requests."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.status_code, self.body, self.headers = status, body, headers

    def __enter__(self) -> "Answered":
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Exchanged:
    """Answers in order; the last answer again and again."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent: list[dict[str, Any]] = []

    def send(self, method: str, url: str, **options: Any) -> Answered:
        """The next answer."""
        body = options.pop("body")
        sent = body.read() if hasattr(body, "read") else body
        self.sent.append({"method": method, "url": url, "body": sent, **options})
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Answered(*answer, *([{}] if len(answer) == 2 else []))

    def pieces(self, answer: Answered) -> Iterator[bytes]:
        """The body in two pieces."""
        half = len(answer.body) // 2
        yield from (answer.body[:half], answer.body[half:])


def connection(*answers: Any, **options: Any) -> tuple[Connection, Exchanged]:
    """A connection that meets these answers and was never reached before."""
    made, exchanged = Connection(SERVER, **options), Exchanged(*answers)
    made._link.__dict__["exchange"] = exchanged
    return made, exchanged


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of them real; the clock goes on by them."""
    pauses: list[float] = []
    monkeypatch.setattr("runyard.client.transport.Patience", patient(pauses))
    return pauses


def patient(pauses: list[float]) -> Any:
    """Patience whose time is the sum of its pauses."""
    return lambda total_s: Patience(total_s, lambda: sum(pauses), pauses.append, lambda: 1.0)


def test_json_both_ways() -> None:
    made, exchanged = connection((200, b'{"a": [1]}'))
    assert made.at("w").post("/api/v1/x", {"b": None}, flag=True, many=["p", "q"], absent=None) == {"a": [1]}
    [sent] = exchanged.sent
    assert (sent["method"], sent["url"]) == ("POST", f"{SERVER}/workspaces/w/api/v1/x")
    assert sent["body"] == b'{"b":null}' and sent["params"] == {"flag": "true", "many": ["p", "q"]}
    assert sent["headers"]["Content-Type"] == "application/json"


def test_empty_answer_is_none() -> None:
    assert connection((200, b""))[0].delete("/api/v1/x") is None


def test_answer_that_is_no_json_names_the_address() -> None:
    with pytest.raises(InternalFault, match="address of a Runyard server"):
        connection((200, b"<html>"))[0].get("/api/v1/x")


@pytest.mark.parametrize("failure", [BUSY, BROKE, REFUSED, (429, b""), (502, b""), (504, b"")])
@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_idempotent_calls_are_tried_again(method: str, failure: Any) -> None:
    made, exchanged = connection(failure, failure, (200, b"{}"))
    assert getattr(made, method)("/api/v1/x") == {}
    assert len(exchanged.sent) == 3


@pytest.mark.parametrize("failure", [BUSY, BROKE, (429, b"")])
def test_posts_are_tried_again_only_if_marked(failure: Any) -> None:
    made, exchanged = connection(failure, (200, b"{}"))
    with pytest.raises((StorageUnavailable, ServerUnreachable, TooManyRequests)):
        made.post("/api/v1/x")
    assert len(exchanged.sent) == 1
    made, exchanged = connection(failure, (200, b"{}"))
    assert made.post("/api/v1/x", retry=True) == {}


def test_posts_that_were_never_sent_are_tried_again() -> None:
    made, exchanged = connection(REFUSED, REFUSED, (200, b"{}"))
    assert made.post("/api/v1/x") == {}
    made, exchanged = connection(REFUSED, BROKE, (200, b"{}"))
    with pytest.raises(ServerUnreachable, match="broke"):
        made.post("/api/v1/x")
    assert len(exchanged.sent) == 2


@pytest.mark.parametrize("failure", [(400, b""), (404, b""), (500, b""), (501, b"")])
def test_other_errors_are_final(failure: Any) -> None:
    made, exchanged = connection(failure, (200, b"{}"))
    with pytest.raises(Exception, match="answered"):
        made.get("/api/v1/x")
    assert len(exchanged.sent) == 1


def test_patience_ends(slept: list[float]) -> None:
    made, _ = connection(BUSY, patience_s=20)
    made._link.reached = True
    with pytest.raises(StorageUnavailable):
        made.get("/api/v1/x")
    assert 10 < sum(slept) < 20


def test_server_that_was_never_reached_is_given_up_soon(slept: list[float]) -> None:
    with pytest.raises(ServerUnreachable):
        connection(REFUSED)[0].get("/api/v1/x")
    assert sum(slept) < 3


def test_retry_after_is_obeyed(slept: list[float]) -> None:
    made, _ = connection((503, b"", {"Retry-After": "2"}), (200, b"{}"))
    made.get("/api/v1/x")
    assert slept == [2]
    made, exchanged = connection((429, b"", {"Retry-After": "300"}))
    made._link.reached = True
    with pytest.raises(TooManyRequests) as caught:
        made.get("/api/v1/x")
    assert caught.value.retry_after_s == 300 and len(exchanged.sent) == 1


def test_errors_are_the_servers() -> None:
    body = b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no run"}'
    with pytest.raises(NotFound, match="no run"):
        connection((404, body))[0].get("/api/v1/x")


def test_redirected_posts_say_where_to() -> None:
    with pytest.raises(InvalidInput, match="https://elsewhere"):
        connection((308, b"", {"Location": "https://elsewhere"}))[0].post("/api/v1/x")


def test_token_of_the_address_is_sent() -> None:
    made = Connection.to(Address(SERVER, "w", "TOKEN", "s", "g"))
    exchanged = made._link.__dict__["exchange"] = Exchanged((200, b"{}"))
    made.get("/api/v1/x")
    assert exchanged.sent[0]["token"] == "TOKEN"
    assert exchanged.sent[0]["url"].startswith(f"{SERVER}/subscriptions/s/resourceGroups/g/workspaces/w/api")
    assert "TOKEN" not in repr(made)


def test_callable_gives_each_request_its_token() -> None:
    tokens = iter(["one", "two"])
    made, exchanged = connection((200, b"{}"), credentials=lambda: next(tokens))
    made.get("/api/v1/x")
    made.get("/api/v1/x")
    assert [sent["token"] for sent in exchanged.sent] == ["one", "two"]


@pytest.mark.parametrize("token", ["SECRET\n", "SECRET x", "SECRETü"])
def test_impossible_token_is_refused_unshown(token: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        connection((200, b"{}"), credentials=token)[0].get("/api/v1/x")
    assert "SECRET" not in str(caught.value)


def test_upload_starts_again_from_where_the_file_stood() -> None:
    source = io.BytesIO(b"skip-data")
    source.read(5)
    made, exchanged = connection(BUSY, (200, b""))
    assert made.upload("/api/v1/f", source) is None
    assert [sent["body"] for sent in exchanged.sent] == [b"data", b"data"]


def test_upload_of_a_stream_needs_a_size_and_is_sent_once() -> None:
    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(InvalidInput, match="size"):
        connection((200, b""))[0].upload("/api/v1/f", Stream(b"x"))
    made, exchanged = connection(BUSY, (200, b""))
    with pytest.raises(StorageUnavailable):
        made.upload("/api/v1/f", Stream(b"x"), 1)
    assert len(exchanged.sent) == 1


def test_lines_come_whole() -> None:
    assert list(connection((200, b"ab\ncd\n\nef"))[0].lines("/api/v1/x")) == [b"ab", b"cd", b"ef"]


def test_tracking_token() -> None:
    made, exchanged = connection(BUSY, (200, b'{"token": "t", "expires_ms": 5}'))
    assert made.at("w").tracking_token(60) == ("t", 5)
    assert exchanged.sent[0]["url"].endswith("/workspaces/w/api/v1/workspace/tracking-token")
    assert exchanged.sent[0]["body"] == b'{"life_s":60}'
