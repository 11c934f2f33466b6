"""`--query`: JMESPath over the data of a command."""

from __future__ import annotations

import jmespath
from jmespath.exceptions import JMESPathError

from runyard.cli.framework.columns import Value
from runyard.cli.framework.exits import USAGE, Failed


def search(query: str, value: Value) -> Value:
    """What the query finds. Raises: Failed when it is not JMESPath or does not fit the data."""
    try:
        return jmespath.search(query, value)
    except JMESPathError as exc:
        reason = " ".join(str(exc).split())
        raise Failed(f"--query {query!r} is not a query: {reason}. See https://jmespath.org.", USAGE) from exc
