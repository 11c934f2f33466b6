"""The wheels that the server keeps."""

from __future__ import annotations

import asyncio

import pytest

from runyard.errors import NotFound
from runyard.services.wheel_format import Wheel, pack
from runyard.services.wheel_sources import all_wheels
from runyard.services.wheels import WheelService
from runyard.version import AZUREML_VERSION, __version__


def one() -> list[Wheel]:
    return [pack("a-project", "1", {"a.py": b""}, {"METADATA": b""})]


def test_wheels_are_made_once_for_requests_that_come_together() -> None:
    calls: list[int] = []

    def source() -> list[Wheel]:
        calls.append(1)
        return one()

    async def ask() -> None:
        service = WheelService(source)
        await asyncio.gather(*(service.of_project("a_project") for _ in range(5)))

    asyncio.run(ask())
    assert calls == [1]


def test_source_that_failed_is_asked_again() -> None:
    answers: list[OSError | list[Wheel]] = [OSError("gone"), one()]

    def source() -> list[Wheel]:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    async def ask() -> list[str]:
        service = WheelService(source)
        with pytest.raises(OSError):
            await service.projects()
        return await service.projects()

    assert asyncio.run(ask()) == ["a-project"]


def test_file_of_another_name_is_not_found() -> None:
    async def ask() -> None:
        await WheelService(one).file("a-project", "../a.py")

    with pytest.raises(NotFound, match='not "../a.py"'):
        asyncio.run(ask())


def test_own_wheels_are_of_this_release_and_always_the_same() -> None:
    first, again = all_wheels(), all_wheels()
    assert {one.project: one.version for one in first} == {
        **dict.fromkeys(
            (
                "azureml-contrib-run",
                "azureml-core",
                "azureml-defaults",
                "azureml-mlflow",
                "azureml-sdk",
                "azureml-widgets",
            ),
            AZUREML_VERSION,
        ),
        "runyard": __version__,
    }
    assert [one.sha256 for one in first] == [one.sha256 for one in again]
