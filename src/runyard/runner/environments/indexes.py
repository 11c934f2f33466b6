"""Where installers find packages: the machine's own settings, and the server's index beside them.

Credentials are never on a command line: uv is told by variables, pip by a file that only its owner reads.
"""

from __future__ import annotations

import configparser
import os
from typing import Mapping, Sequence
from urllib.parse import quote, urlsplit, urlunsplit

NAME = "runyard"
_PIP_FILES = ("/etc/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf")


def for_uv(
    machine: Mapping[str, str], server: str, token: str, *, own: bool, bundle: str = ""
) -> dict[str, str]:
    """The machine's variables, with what its settings for pip say where there are none for uv.

    Args:
        own: whether packages of the server are needed. bundle: file with all certificates that count.
    """
    found = dict(machine)
    pip = pip_settings(machine)
    _take_over(found, "UV_DEFAULT_INDEX", "UV_INDEX_URL", pip.get("index-url", ""))
    _take_over(found, "UV_FIND_LINKS", "", ",".join(pip.get("find-links", "").split()))
    _take_over(found, "UV_INSECURE_HOST", "", pip.get("trusted-host", ""))
    _take_over(found, "SSL_CERT_FILE", "", pip.get("cert", ""))
    if "UV_INDEX" not in machine and "UV_EXTRA_INDEX_URL" not in machine and pip.get("extra-index-url"):
        found["UV_INDEX"] = " ".join(pip["extra-index-url"].split())
        found.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")  # as pip does
    if bundle:
        found["SSL_CERT_FILE"] = bundle
    if own:
        others = found.get("UV_INDEX", "")
        found["UV_INDEX"] = f"{NAME}={server}/simple/ {others}".strip()  # the first has precedence
        found[f"UV_INDEX_{NAME.upper()}_USERNAME"] = "job"
        found[f"UV_INDEX_{NAME.upper()}_PASSWORD"] = token
    return found


def for_pip(machine: Mapping[str, str], bundle: str = "") -> dict[str, str]:
    """The machine's variables; its files pip reads by itself."""
    found = {**machine, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    return {**found, "PIP_CERT": bundle, "SSL_CERT_FILE": bundle} if bundle else found


def lines_for_pip(server: str, token: str) -> list[str]:
    """Lines of a private requirements file that add the server's index."""
    parts = urlsplit(server)
    netloc = f"job:{quote(token, safe='')}@{parts.netloc}"
    lines = [f"--extra-index-url {urlunsplit((parts.scheme, netloc, parts.path + '/simple/', '', ''))}"]
    return lines if parts.scheme == "https" else [*lines, f"--trusted-host {parts.netloc}"]


def pip_settings(machine: Mapping[str, str]) -> dict[str, str]:
    """What pip would be told by its files and variables."""
    found: dict[str, str] = {}
    named = machine.get("PIP_CONFIG_FILE", "")
    for path in () if named == os.devnull else (*_PIP_FILES, *([named] if named else [])):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(os.path.expanduser(path), encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                found.update(parser.items(section))
    for name, value in machine.items():
        if name.startswith("PIP_"):
            found[name[4:].lower().replace("_", "-")] = value
    return found


def _take_over(found: dict[str, str], name: str, older: str, value: str) -> None:
    if value and name not in found and (not older or older not in found):
        found[name] = value


def option_lines(lines: Sequence[str]) -> list[str]:
    """Of a requirements file: those that say where packages are."""
    return [
        line
        for line in lines
        if line.startswith(
            ("--index-url", "-i ", "--extra-index-url", "--find-links", "-f ", "--no-index", "--trusted-host")
        )
    ]
