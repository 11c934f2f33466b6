"""Answers of ours that differ from a stock server's on purpose, each with its reason; docs/compatibility.md tells them."""

from dataclasses import dataclass

NO_5XX = "A mistake in a request is answered with 400, never 5xx: clients retry 5xx, so it would look like an outage."
STRICT = "Stock ignores a field that it cannot parse and stores the rest; we refuse the request, so nothing is lost unseen."
SPECIFIC = "The error names what is wrong more precisely; no client tells these two codes apart."
ABSENT = (
    "A route that does not exist answers 404 with ENDPOINT_NOT_FOUND in JSON, on which clients fall back."
)


@dataclass(frozen=True)
class Difference:
    """What our server answers instead; `code` is the error code, "" for a success."""

    status: int
    code: str
    reason: str


BAD_VALUE = "INVALID_PARAMETER_VALUE"

DIFFERENCES: dict[tuple[str, str], Difference] = {}
