"""The signature, against the example that Amazon publishes in its reference."""

from __future__ import annotations

from datetime import UTC, datetime

from runyard.artifacts.sigv4 import Keys, presigned_url


def test_the_published_example_is_reproduced() -> None:
    keys = Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
    url = presigned_url(
        keys,
        "GET",
        "https://examplebucket.s3.amazonaws.com",
        "/test.txt",
        expires_s=86_400,
        now=datetime(2013, 5, 24, tzinfo=UTC),
    )
    assert url.endswith("X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
