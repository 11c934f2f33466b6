"""Tracking URIs taken apart and put together."""

import re

import pytest

from runyard.client.addresses import Address, parse_server, parse_tracking_uri, tracking_uri
from runyard.errors import InvalidInput

SCOPE = "subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("runyard://127.0.0.1:5000/workspaces/w", Address("http://127.0.0.1:5000", "w")),
        ("runyard://localhost/workspaces/w/", Address("http://localhost", "w")),
        ("runyard://[::1]:80/workspaces/w", Address("http://[::1]:80", "w")),
        ("runyard://host.example/workspaces/w", Address("https://host.example", "w")),
        ("runyard://host.example:5000/workspaces/w?tls=off", Address("http://host.example:5000", "w")),
        ("runyard://127.0.0.1/workspaces/w?tls=on&auth=T", Address("https://127.0.0.1", "w", "T")),
        ("runyard://host.example", Address("https://host.example")),
        ("runyard://host.example/behind/a/proxy/workspaces/w", Address("https://host.example/behind/a/proxy", "w")),
        ("runyard://h/workspaces/a%20b", Address("https://h", "a b")),
        (f"azureml://127.0.0.1:5000/history/v1.0/{SCOPE}?auth-type=X&auth=T&is-remote=True",
         Address("http://127.0.0.1:5000", "w", "T", "s", "g")),
        (f"azureml://h/mlflow/v2.0/{SCOPE}?", Address("https://h", "w", None, "s", "g")),
        (f"adbazureml://h/history/v1.0/{SCOPE}", Address("https://h", "w", None, "s", "g")),
        ("http://h:5000/workspaces/w", Address("http://h:5000", "w")),
        ("http://h:5000/", Address("http://h:5000")),
        ("https://:T@h/workspaces/w", Address("https://h", "w", "T")),
    ],
)  # fmt: skip
def test_parse_tracking_uri(uri: str, address: Address) -> None:
    assert parse_tracking_uri(uri) == address


@pytest.mark.parametrize(
    "uri",
    ["", "x", "file:///tmp/SECRET?auth=SECRET", "runyard://", "runyard://h:port/workspaces/w?auth=SECRET",
     "runyard://h/nonsense?auth=SECRET", "ftp://u:SECRET@h/workspaces/w?auth=SECRET",
     "runyard://h/workspaces/w?tls=maybe&auth=SECRET"],
)  # fmt: skip
def test_bad_uri_is_refused_without_showing_a_credential(uri: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_tracking_uri(uri)
    assert "SECRET" not in str(caught.value).replace("/tmp/SECRET", "")


@pytest.mark.parametrize(
    ("uri", "example"),
    [
        ("runyard://h.example:8080/nonsense", "runyard://h.example:8080/workspaces/NAME"),
        ("ftp://u:p@h/x", "runyard://h/workspaces/NAME"),
        ("runyard://[::1]:80/nonsense", "runyard://[::1]:80/workspaces/NAME"),
        ("nonsense", "runyard://127.0.0.1:5000/workspaces/NAME"),
    ],
)
def test_a_bad_uri_is_told_as_it_should_have_been(uri: str, example: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(f"it looks like {example}.")):
        parse_tracking_uri(uri)


@pytest.mark.parametrize("scheme", ["runyard", "azureml", "adbazureml"])
@pytest.mark.parametrize(
    "address",
    [
        Address("http://127.0.0.1:5000", "w", "T+/=", "s", "g"),
        Address("http://h:5000", "w", None, "s", "g"),
        Address("https://127.0.0.1", "a b", "T", "s s", "g"),
        Address("https://h/behind", "w", None, "s", "g"),
    ],
)
def test_tracking_uri_round_trips(address: Address, scheme: str) -> None:
    assert parse_tracking_uri(tracking_uri(address, scheme)) == address


def test_tracking_uri_without_subscription_is_short() -> None:
    address = Address("http://127.0.0.1:5000", "w", "T")
    assert tracking_uri(address) == "runyard://127.0.0.1:5000/workspaces/w?auth=T"
    assert tracking_uri(address, "http") == "http://127.0.0.1:5000/workspaces/w"
    assert "/subscriptions/default/resourceGroups/default/" in tracking_uri(address, "azureml")


def test_repr_hides_the_token() -> None:
    assert "SECRET" not in repr(Address("http://h", "w", "SECRET"))


def test_parse_server_accepts_what_people_type() -> None:
    assert parse_server("127.0.0.1:5000") == "http://127.0.0.1:5000"
    assert parse_server("runyard.example") == "https://runyard.example"
    assert parse_server("http://h:80/") == "http://h:80"
