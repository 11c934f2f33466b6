"""Which shell: the machine's own, or SSH, whose library is loaded when it is first needed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from runyard.engines.contracts import EngineRefused
from runyard.engines.shell.contracts import Reach, Shell
from runyard.engines.shell.local import LocalShell
from runyard.engines.shell.login import SshLogin
from runyard.entities.compute_settings import SshHost


def open_shell(
    host: SshHost | None, username: str, credentials: Mapping[str, Any], reach: Reach, *, user: str = ""
) -> Shell:
    """A shell on a machine; nothing is sent yet.

    Args:
        host: None: the server's own machine, where `user` is whom programs run as.
        credentials: as entities/compute_settings.SshCredentials.
    Raises: EngineRefused, when the credentials cannot be read or the server lacks asyncssh.
    """
    if host is None:
        return LocalShell(user)
    login = SshLogin(
        host.address,
        host.port,
        username,
        host.host_key,
        str(credentials.get("password", "")),
        str(credentials.get("private_key", "")),
        str(credentials.get("private_key_passphrase", "")),
    )
    try:
        module = importlib.import_module("runyard.engines.shell.ssh")
    except ImportError:
        raise EngineRefused(
            "This server cannot use SSH; its administrator can `pip install 'runyard[ssh]'`."
        ) from None
    shell: Shell = module.SshShell(login, reach)
    return shell
