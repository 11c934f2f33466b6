"""Secrets at rest."""

from __future__ import annotations

import pytest

from runyard.errors import CorruptData, InvalidState
from runyard.services.vault import Vault

KEY, OTHER = b"k" * 64, b"o" * 64
PLACE = ("keyvault", "guid", "name")
VALUE = b"canary"


def test_what_was_sealed_opens_and_looks_like_nothing() -> None:
    vault = Vault(KEY)
    sealed = vault.seal(VALUE, *PLACE)
    assert vault.open(sealed, *PLACE) == VALUE and VALUE not in sealed
    assert vault.seal(VALUE, *PLACE) != sealed
    assert vault.open(vault.seal(b"", *PLACE), *PLACE) == b""


@pytest.mark.parametrize(
    "place",
    [
        ("datastore", "guid", "name"),
        ("keyvault", "other", "name"),
        ("keyvault", "guid", "other"),
        ("keyvault", "guidn", "ame"),
        ("keyvault", "guid", "name", ""),
    ],
)
def test_a_value_opens_only_where_it_belongs(place: tuple[str, ...]) -> None:
    with pytest.raises(CorruptData):
        Vault(KEY).open(Vault(KEY).seal(VALUE, *PLACE), *place)


def test_a_changed_value_does_not_open() -> None:
    sealed = Vault(KEY).seal(VALUE, *PLACE)
    for at in (0, 9, len(sealed) - 1):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(CorruptData):
            Vault(KEY).open(changed, *PLACE)
    for short in (b"", sealed[:10], sealed[:21], sealed[:-1]):
        with pytest.raises(CorruptData):
            Vault(KEY).open(short, *PLACE)


def test_another_key_is_named_and_an_earlier_one_still_opens() -> None:
    sealed = Vault(KEY).seal(VALUE, *PLACE)
    with pytest.raises(InvalidState, match="RUNYARD_PREVIOUS_SECRET_KEYS"):
        Vault(OTHER).open(sealed, *PLACE)
    rotated = Vault(OTHER, [KEY])
    assert rotated.open(sealed, *PLACE) == VALUE
    assert Vault(OTHER).open(rotated.seal(VALUE, *PLACE), *PLACE) == VALUE
