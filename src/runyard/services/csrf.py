"""What a page of ours knows and another site's does not: proof that a request with a browser's session is meant."""

from __future__ import annotations

import base64
import hashlib
import hmac

from runyard.errors import CsrfTokenWrong


class CsrfTokens:
    """Follows from the session's secret, so that nothing is stored and all server processes agree.

    A browser sends the cookie of its session along with requests that other sites cause; a header of ours it does not,
    and the cookie itself no script can read.

    Args:
        key: the server's secret; a key of this purpose alone is derived from it.
    """

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"runyard csrf token", hashlib.sha256)

    def of(self, session: str) -> str:
        """The token of the session with this secret; tells nothing about the secret."""
        digest = hmac.digest(self._key, session.encode(errors="replace"), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def check(self, session: str, sent: str | None) -> None:
        """Raises: CsrfTokenWrong, unless what was sent is the session's token."""
        if sent is None or not hmac.compare_digest(self.of(session).encode(), sent.encode(errors="replace")):
            raise CsrfTokenWrong(
                f"The header X-Runyard-CSRF {'is not that of this session' if sent else 'is missing'}, and without it no "
                "request of a browser's session does more than read. GET /api/v1/me tells it as csrf_token."
            )
