"""Where a machine is and who logs in; needs no SSH library."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SshLogin:
    """Where and who. `host_key` is the machine's public key, empty while nobody has seen it."""

    host: str
    port: int
    user: str
    host_key: str = ""
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)

    @property
    def describe(self) -> str:
        """For errors and logs."""
        return f"{self.user}@{self.host}:{self.port}"
