"""Settings of the journal: what counts, and which variable is named when one cannot be read."""

from __future__ import annotations

import pytest

from runyard.client.journal.settings import JournalSettings
from runyard.errors import InvalidInput


def test_without_variables_the_defaults_count() -> None:
    assert JournalSettings.of_environment({}) == JournalSettings()
    assert JournalSettings.of_environment({"RUNYARD_MODE": " ", "RUNYARD_DRAIN_S": ""}) == JournalSettings()


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("5MB", 5_000_000),
        ("5 MiB", 5 << 20),
        ("10GiB", 10 << 30),
        ("2k", 2_000),
        ("7b", 7),
        ("1T", 10**12),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert JournalSettings.of_environment({"RUNYARD_JOURNAL_LIMIT": text}).limit_bytes == size


def test_every_variable_is_read() -> None:
    found = JournalSettings.of_environment(
        {
            "RUNYARD_MODE": "Offline",
            "RUNYARD_JOURNAL_LIMIT": "3",
            "RUNYARD_JOURNAL_SYNC_S": "0",
            "RUNYARD_DRAIN_S": "5.5",
            "RUNYARD_LINGER_S": "7",
            "RUNYARD_FILES": "reference",
            "RUNYARD_HEARTBEAT_S": "0.1",
        }
    )
    assert found == JournalSettings("offline", 3, 0.0, 5.5, 7.0, "reference", 1.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RUNYARD_MODE", "maybe"),
        ("RUNYARD_JOURNAL_LIMIT", "0"),
        ("RUNYARD_JOURNAL_LIMIT", "-5"),
        ("RUNYARD_JOURNAL_LIMIT", "ten"),
        ("RUNYARD_DRAIN_S", "soon"),
        ("RUNYARD_DRAIN_S", "-1"),
        ("RUNYARD_JOURNAL_SYNC_S", "nan"),
        ("RUNYARD_FILES", "move"),
    ],
)
def test_what_cannot_be_read_names_the_variable_and_the_value(name: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=name) as caught:
        JournalSettings.of_environment({name: value})
    assert value in caught.value.message
