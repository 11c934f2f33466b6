"""Keyvault: secrets set, read, listed and deleted."""

from __future__ import annotations

import pytest

from runyard import Keyvault, Workspace
from runyard.sdk.exceptions import UserErrorException


def test_secrets(other: Workspace) -> None:
    vault = other.get_default_keyvault()
    assert isinstance(vault, Keyvault) and vault.list_secrets() == []
    vault.set_secret("one", "1")
    vault.set_secrets({"two": "2", "one": "eins"})
    assert vault.get_secret("one") == "eins"
    assert vault.get_secrets(["one", "two", "three"]) == {"one": "eins", "two": "2", "three": None}
    assert vault.list_secrets() == [{"name": "one"}, {"name": "two"}]
    vault.delete_secrets(["two"])
    vault.delete_secret("one")
    for work in (vault.get_secret, vault.delete_secret):
        with pytest.raises(UserErrorException, match="one"):
            work("one")
    assert "eins" not in repr(vault)


def test_what_cannot_be_a_secret(other: Workspace) -> None:
    vault = Keyvault(other)
    for name, value in (("a b", "v"), ("a", 7)):
        with pytest.raises(UserErrorException):
            vault.set_secret(name, value)  # type: ignore[arg-type]
