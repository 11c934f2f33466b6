"""What a job may be made of: checks of its definition, tags and names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from runyard.entities.job import MAX_SECONDS, JobDefinition
from runyard.entities.log_rules import TAGS_LIMIT
from runyard.errors import InvalidInput, shown
from runyard.services.checks import KEY_LIMIT, TAG_VALUE_LIMIT, check_length, check_text

BYTES = 256 * 1024  # of a definition as JSON
ARGUMENTS, ARGUMENT_CHARS = 5_000, 32_000
VARIABLES, VARIABLE_CHARS = 200, 32_000
FOLDERS, FOLDER_CHARS = 50, 500
NODES, PROCESSES = 1_000, 256
GREATEST = 2**31 - 1
PROPERTIES, PROPERTY_CHARS = 100, 8_000
COMMUNICATORS = ("None", "Mpi", "PyTorch", "TensorFlow")
PRIORITY = 100
SCRIPT, BUILD, SWEEP = "script", "build", "sweep"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
_SNAPSHOT = re.compile(r"[0-9a-f]{64}")
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")


def check_definition(kind: str, one: JobDefinition) -> None:
    """Raises: InvalidInput, naming the part that makes no sense and what would."""
    if kind != BUILD and bool(one.script) == bool(one.command):
        raise InvalidInput(
            "A job has either a script (with arguments) or a command. "
            + ("Give one of both." if one.script else "Give one: 'definition' has neither.")
        )
    _check_path("script", one.script)
    for what, texts in (("arguments", one.arguments), ("command", one.command)):
        _check_texts(what, texts, ARGUMENTS, ARGUMENT_CHARS)
    for what, folders in (("outputs", one.outputs), ("watch", one.watch)):
        _check_texts(what, folders, FOLDERS, FOLDER_CHARS)
        for folder in folders:
            _check_path(what, folder)
    _check_variables(one.environment_variables)
    _check_numbers(one)
    if one.communicator not in COMMUNICATORS:
        raise InvalidInput(
            f"Invalid value {shown(one.communicator)} for 'communicator': one of {', '.join(COMMUNICATORS)}."
        )
    check_size(one)


def check_size(one: JobDefinition) -> None:
    """Raises: InvalidInput for one that is too large to be kept, or that cannot be kept as JSON."""
    try:
        size = len(msgspec.json.encode(one))
    except (ValueError, OverflowError, RecursionError, TypeError):
        raise InvalidInput("The job's definition holds what cannot be kept as JSON.") from None
    if size > BYTES:
        raise InvalidInput(
            f"The job's definition has {size} bytes as JSON; {BYTES} is the most. Put long lists into files of the "
            "snapshot or a datastore."
        )


def check_names(tags: Mapping[str, str], properties: Mapping[str, str]) -> None:
    """Raises: InvalidInput."""
    for what, texts, count, chars in (
        ("tag", tags, TAGS_LIMIT, TAG_VALUE_LIMIT),
        ("property", properties, PROPERTIES, PROPERTY_CHARS),
    ):
        if len(texts) > count:
            raise InvalidInput(f"A job's run has at most {count} of this kind: {what}. Got {len(texts)}.")
        for key, value in texts.items():
            if not key:
                raise InvalidInput(f"A {what} has an empty key.")
            check_length(f"{what} key", key, KEY_LIMIT)
            check_length(f"{what} value", value, chars)
            check_text(what, key + value)


def check_run_id(run_id: str) -> str:
    """Raises: InvalidInput."""
    if not _RUN_ID.fullmatch(run_id):
        raise InvalidInput(
            f"Invalid value {shown(run_id)} for parameter 'run_id' supplied: it must begin with a letter or digit and "
            "hold only letters, digits, dashes and underscores, at most 255 of them."
        )
    return run_id


def check_priority(priority: int) -> int:
    """Raises: InvalidInput."""
    if not -PRIORITY <= priority <= PRIORITY:
        raise InvalidInput(
            f"Invalid priority {priority}: it is {-PRIORITY} to {PRIORITY}, the greatest first."
        )
    return priority


def check_snapshot_id(snapshot_id: str) -> str:
    """Raises: InvalidInput."""
    if snapshot_id and not _SNAPSHOT.fullmatch(snapshot_id):
        raise InvalidInput(
            f"Invalid value {shown(snapshot_id)} for parameter 'snapshot_id' supplied: 64 hex digits, or empty."
        )
    return snapshot_id


def _check_numbers(one: JobDefinition) -> None:
    resources = one.resources
    for what, value, least, most in (
        ("node_count", one.node_count, 1, NODES),
        ("process_count", one.process_count, 1, PROCESSES),
        ("max_seconds", one.max_seconds, 1, MAX_SECONDS),
        ("resources.cpus", resources.cpus, 0, GREATEST),
        ("resources.memory_mb", resources.memory_mb, 0, GREATEST),
        ("resources.gpus", resources.gpus, 0, GREATEST),
    ):
        if not least <= value <= most:
            raise InvalidInput(f"Invalid value {value} for '{what}': {least} to {most}.")


def _check_variables(variables: Mapping[str, str]) -> None:
    if len(variables) > VARIABLES:
        raise InvalidInput(f"A job has at most {VARIABLES} environment variables. Got {len(variables)}.")
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(name):
            raise InvalidInput(
                f"Invalid name {shown(name)} of an environment variable: letters, digits and '_', no digit first."
            )
        check_length(f"environment variable {name}", value, VARIABLE_CHARS)
        check_text(f"environment variable {name}", value)


def _check_texts(what: str, texts: Sequence[str], count: int, chars: int) -> None:
    if len(texts) > count:
        raise InvalidInput(f"'{what}' has {len(texts)} items; {count} is the most.")
    for text in texts:
        check_length(what, text, chars)
        check_text(what, text)


def _check_path(what: str, path: str) -> None:
    """Below the folder that the job works in."""
    check_length(what, path, ARGUMENT_CHARS)
    check_text(what, path)
    parts = path.replace("\\", "/").split("/")
    if ".." in parts or path.startswith(("/", "\\")):
        raise InvalidInput(
            f"Invalid path {shown(path)} for '{what}': it is below the submitted folder, without '..' and no leading "
            "slash."
        )
