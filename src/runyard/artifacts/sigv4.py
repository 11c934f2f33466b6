"""AWS Signature Version 4 in its query form: URLs that carry their own permission for a limited time.

The object-store library signs plain GET and PUT; the parts of a multipart upload need query parameters under the
signature, so they are signed here. Source: "Authenticating Requests: Using Query Parameters (AWS Signature Version
4)" in the Amazon S3 API reference.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True)
class Keys:
    """Long-lived or temporary credentials for one region."""

    access_key: str
    secret_key: str
    region: str
    session_token: str | None = None


def presigned_url(
    keys: Keys,
    method: str,
    endpoint: str,
    path: str,
    *,
    expires_s: int,
    query: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> str:
    """Return a URL that lets whoever holds it perform `method` on `path` for `expires_s` seconds.

    Args:
        endpoint: scheme and host, without a path, e.g. `https://s3.eu-west-1.amazonaws.com`.
        path: decoded, begins with a slash, e.g. `/bucket/a key`.
        query: further parameters that the signature fixes, e.g. partNumber and uploadId.
        now: time of signing, UTC; the clock's when absent.
    """
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{keys.region}/s3/aws4_request"
    parameters = {
        **(query or {}),
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{keys.access_key}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(expires_s),
        "X-Amz-SignedHeaders": "host",
    }
    if keys.session_token:
        parameters["X-Amz-Security-Token"] = keys.session_token
    canonical_query = "&".join(f"{_escape(k)}={_escape(v)}" for k, v in sorted(parameters.items()))
    canonical_path = quote(path, safe="/-_.~")
    host = urlsplit(endpoint).netloc
    request = f"{method}\n{canonical_path}\n{canonical_query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    digest = hashlib.sha256(request.encode()).hexdigest()
    signature = hmac.new(
        _signing_key(keys, stamp[:8]), f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}".encode(), "sha256"
    )
    return f"{endpoint}{canonical_path}?{canonical_query}&X-Amz-Signature={signature.hexdigest()}"


def _signing_key(keys: Keys, day: str) -> bytes:
    key = f"AWS4{keys.secret_key}".encode()
    for part in (day, keys.region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _escape(text: str) -> str:
    return quote(text, safe="-_.~")
