"""Tokens of tracking URIs: what was signed here counts for its hour, and nothing else does."""

from __future__ import annotations

import base64
import hmac
import json
import random
from typing import Any

import jwt
import pytest

from runyard.errors import Unauthenticated
from runyard.services.tracking_tokens import CALL_AGAIN, LIFE_S, TrackingTokens

KEY = b"k" * 32
NOW = 1_800_000_000.0


class Clock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> TrackingTokens:
    return TrackingTokens(KEY, clock)


def sign(tokens: TrackingTokens, **more: Any) -> str:
    return tokens.sign("person", "place", actions=["*"], via="token", **more)


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def forged(tokens: TrackingTokens, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Signed with the right key, but saying something else."""
    return jwt.encode(
        {**claims_of(sign(tokens)), **claims}, tokens._key, "HS256", headers={"kid": "x", **(header or {})}
    )


def refusal(tokens: TrackingTokens, token: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        tokens.check(token)
    return caught.value.message


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_a_fresh_token_says_what_was_signed(tokens: TrackingTokens) -> None:
    found = tokens.check(sign(tokens))
    assert (found.principal, found.workspace, found.actions, found.via) == ("person", "place", ["*"], "token")
    assert found.expires_ms == int(NOW + LIFE_S) * 1000


def test_two_tokens_differ(tokens: TrackingTokens) -> None:
    assert sign(tokens) != sign(tokens)


@pytest.mark.parametrize(
    ("after_s", "good"), [(0, True), (LIFE_S - 1, True), (LIFE_S, False), (10 * LIFE_S, False)]
)
def test_a_token_ends_after_an_hour(tokens: TrackingTokens, clock: Clock, after_s: int, good: bool) -> None:
    token = sign(tokens)
    clock.now += after_s
    if good:
        assert tokens.check(token)
    else:
        assert refusal(tokens, token).endswith(CALL_AGAIN)


@pytest.mark.parametrize("asked_s", [-5, 0, 1, 60, LIFE_S, 10 * LIFE_S])
def test_no_life_is_longer_than_an_hour(tokens: TrackingTokens, asked_s: int) -> None:
    claims = claims_of(sign(tokens, life_s=asked_s))
    assert 1 <= claims["exp"] - claims["iat"] <= LIFE_S


def test_another_servers_token_is_refused(tokens: TrackingTokens, clock: Clock) -> None:
    refusal(tokens, sign(TrackingTokens(b"other" * 8, clock)))


def test_the_servers_key_itself_signs_nothing(tokens: TrackingTokens) -> None:
    refusal(tokens, jwt.encode(claims_of(sign(tokens)), KEY, "HS256"))


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(NOW) + 2 * LIFE_S},
        {"exp": int(NOW) + 10, "iat": int(NOW) - 2 * LIFE_S},
        {"iat": int(NOW) + 3_000, "exp": int(NOW) + 3_500},
        {"iss": "elsewhere"},
        {"exp": "soon"},
        {"exp": None},
        {"exp": 1e400},
        {"act": None},
        {"act": 1},
        {"iat": {}},
    ],
)
def test_claims_that_make_no_sense_are_refused_even_when_signed(
    tokens: TrackingTokens, claims: dict[str, Any]
) -> None:
    refusal(tokens, forged(tokens, **claims))


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "iat", "exp", "jti", "act"])
def test_every_claim_is_needed(tokens: TrackingTokens, name: str) -> None:
    claims = {key: value for key, value in claims_of(sign(tokens)).items() if key != name}
    refusal(tokens, jwt.encode(claims, tokens._key, "HS256"))


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "nOnE", "HS384", "HS512", "RS256", "ES256", "", None, 1]
)
def test_no_other_algorithm_counts(tokens: TrackingTokens, algorithm: Any) -> None:
    _, body, signature = sign(tokens).split(".")
    for end in (signature, ""):
        refusal(tokens, f"{segment({'alg': algorithm, 'typ': 'JWT'})}.{body}.{end}")


def test_stronger_hashes_of_the_same_key_do_not_count(tokens: TrackingTokens) -> None:
    for algorithm in ("HS384", "HS512"):
        signed = f"{segment({'alg': algorithm})}.{segment(claims_of(sign(tokens)))}"
        digest = hmac.digest(tokens._key, signed.encode(), f"sha{algorithm[2:]}")
        refusal(tokens, f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}")


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "../../../../dev/null"},
        {"kid": "' UNION SELECT 'key' --"},
        {"jku": "https://evil.example/keys.json"},
        {"x5u": "https://evil.example/key.pem"},
        {"jwk": {"kty": "oct", "k": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s"}},
    ],
)
def test_no_key_is_taken_from_the_header(tokens: TrackingTokens, header: dict[str, Any]) -> None:
    """With the right key these are decoration; with another they change nothing."""
    assert tokens.check(forged(tokens, header)).principal == "person"
    refusal(tokens, jwt.encode(claims_of(sign(tokens)), "k" * 32, "HS256", headers=header))


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "...", "a.b.c", "eyJ.eyJ.x", "\0", "é.é.é", "x" * 100_000, "." * 20_000]
    + [f"{base64.urlsafe_b64encode(b'[' * 5_000).decode()}.e30.x", f"{segment({'alg': 'HS256'})}.e30."],
)
def test_what_is_no_token_is_refused(tokens: TrackingTokens, text: str) -> None:
    refusal(tokens, text)


def test_a_single_changed_character_is_noticed(tokens: TrackingTokens) -> None:
    token = sign(tokens)
    dice = random.Random(7)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    for _ in range(3_000):
        at = dice.randrange(len(token) - 1)  # the last one holds two bits that mean nothing
        changed = token[:at] + dice.choice(alphabet.replace(token[at], "")) + token[at + 1 :]
        refusal(tokens, changed)


def test_another_workspace_cannot_be_written_into_a_token(tokens: TrackingTokens) -> None:
    head, _, signature = sign(tokens).split(".")
    refusal(tokens, f"{head}.{segment({**claims_of(sign(tokens)), 'aud': 'another'})}.{signature}")
