"""Where an SFTP server is and who logs in; needs no SSH library."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SftpLogin:
    """Where and who. `host_key` is the server's public key as in a known_hosts file, without the host's name."""

    host: str
    port: int
    user: str
    host_key: str
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)

    @property
    def describe(self) -> str:
        """For errors and logs."""
        return f"sftp://{self.user}@{self.host}:{self.port}"
