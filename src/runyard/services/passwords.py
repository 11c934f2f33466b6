"""Passwords: argon2id, with the parameters that OWASP names."""

from __future__ import annotations

from functools import cache

import argon2

from runyard.errors import InvalidInput

SHORTEST = 12
LONGEST = 128
COMMON = frozenset(
    {
        *("password1234", "passwordpassword", "123456789012", "1234567890123", "qwertyuiop12", "adminadminadmin"),
        *("administrator", "letmeinletmein", "iloveyouiloveyou", "correcthorsebatterystaple", "changemechangeme"),
    }
)  # fmt: skip
_hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def check_password(password: str, name: str) -> None:
    """Raises: InvalidInput for a password that is too short, too long, well known or the name itself."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput(
            f"A password has {SHORTEST} to {LONGEST} characters; this one has {len(password)}."
        )
    if looks_like_token(password):
        raise InvalidInput("A password may not look like an access token. Choose another.")
    plain = password.lower()
    if plain in COMMON or len(set(plain)) < 4 or (len(name) > 3 and plain.replace(name.lower(), "") == ""):
        raise InvalidInput("That password is among those that are tried first. Choose another.")


def looks_like_token(text: str) -> bool:
    """Whether text is an access token or a signed one by its form; such a password would be taken for it."""
    return text.startswith("ry_") or (text.startswith("eyJ") and text.count(".") == 2)


def hash_password(password: str) -> str:
    """About 20 ms and 19 MiB; call it in a thread."""
    return _hasher.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one; takes as long when there is none. Call it in a thread."""
    if len(password) > LONGEST:
        return False
    try:
        return _hasher.verify(_dummy() if stored is None else stored, password) and stored is not None
    except (argon2.exceptions.VerifyMismatchError, argon2.exceptions.InvalidHashError):
        return False


@cache
def _dummy() -> str:
    return _hasher.hash("nobody has this password")
