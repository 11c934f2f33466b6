"""Small helpers of the scenarios."""

import contextlib
import os

import pytest
from mlflow.exceptions import MlflowException

SERVER = os.environ.get("RUNYARD_COMPAT_SERVER", "runyard")


class Caught:
    """The error that `refused` met."""

    value: MlflowException


@contextlib.contextmanager
def refused(code, *phrases, about=""):
    """The block must fail with this MLflow error code, with every phrase in its message; `about` names the case."""
    try:
        yield (caught := Caught())
    except MlflowException as error:
        caught.value = error
    else:
        pytest.fail(f"was not refused: {about}")
    assert caught.value.error_code == code, str(caught.value)
    for phrase in phrases:
        assert phrase in str(caught.value)


def by_server(key, *, stock, runyard):
    """The value expected of the server under test, where ours differs on purpose.

    `key` names the difference; docs/compatibility.md explains it under that name.
    """
    return stock if SERVER == "stock" else runyard


def pages(fetch, size):
    """All items of a paged call `fetch(max_results, token)`, and the length of each page."""
    items, lengths, token = [], [], None
    while True:
        page = fetch(size, token)
        items += page
        lengths.append(len(page))
        token = page.token
        if not token:
            return items, lengths
