"""The contract on a real OpenSSH server, and what is special about it: keys of hosts, links."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard.artifacts.contracts import Datastore
from runyard.artifacts.sftp.login import SftpLogin
from runyard.artifacts.sftp.store import SftpDatastore, open_sftp
from runyard.errors import InvalidInput, NotFound, StorageUnavailable
from runyard.services.datastore_hosts import DatastoreHosts
from tests.components.sshd import SshServer, missing_program, ssh_server
from tests.contract.datastore.suite import DatastoreSuite, put, read

CONNECT = DatastoreHosts((), local=True).connect


@pytest.fixture(scope="module")
def sshd() -> Iterator[SshServer]:
    missing = missing_program()
    if missing:
        pytest.skip(f"{missing} is not installed; run scripts/install-components")
    with ssh_server() as server:
        yield server


def login(server: SshServer, **changes: Any) -> SftpLogin:
    fields = {"host_key": server.host_key, "private_key": server.private_key, **changes}
    return SftpLogin("127.0.0.1", server.port, server.user, **fields)


class TestSftp(DatastoreSuite):
    @pytest.fixture
    def root(self, sshd: SshServer) -> Path:
        made = sshd.files / uuid.uuid4().hex
        made.mkdir()
        return made

    @pytest.fixture
    def store(self, sshd: SshServer, root: Path, loop: asyncio.AbstractEventLoop) -> Iterator[SftpDatastore]:
        opened = open_sftp(login(sshd), str(root), CONNECT)
        yield opened
        loop.run_until_complete(opened.aclose())
        assert not os.listdir(root / ".runyard-uploads") if (root / ".runyard-uploads").exists() else True

    def test_links_lead_nowhere(self, run: Any, store: Datastore, root: Path, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("secret")
        (root / "file").symlink_to(secret)
        (root / "up").symlink_to(tmp_path)
        for path in ("file", "up/secret"):
            with pytest.raises(NotFound):
                run(read(store, path))
            with pytest.raises(NotFound):
                run(store.head(path))
        assert run(store.list_dir("")) == [] and run(store.list_dir("up")) == []
        with pytest.raises(InvalidInput):
            run(put(store, "up/planted", b"x"))
        run(store.delete("up/secret"))
        run(store.delete("up"))
        assert secret.read_text() == "secret" and not (tmp_path / "planted").exists()

    def test_a_link_to_a_directory_inside_a_deleted_one_is_not_followed(
        self, run: Any, store: Datastore, root: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "kept").write_text("kept")
        run(put(store, "d/a", b"a"))
        (root / "d" / "link").symlink_to(tmp_path)
        run(store.delete("d"))
        assert not (root / "d").exists() and (tmp_path / "kept").exists()

    def test_a_write_replaces_a_link_and_not_what_it_leads_to(
        self, run: Any, store: Datastore, root: Path, tmp_path: Path
    ) -> None:
        target = tmp_path / "target"
        target.write_text("old")
        (root / "link").symlink_to(target)
        run(put(store, "link", b"new"))
        assert target.read_text() == "old" and (root / "link").read_bytes() == b"new"

    def test_a_lost_connection_is_opened_again(self, run: Any, store: SftpDatastore) -> None:
        run(put(store, "a", b"a"))
        run(store.aclose())
        assert run(read(store, "a")) == b"a"


def refused(sshd: SshServer, run: Any, root: str, **changes: Any) -> str:
    store = open_sftp(login(sshd, **changes), root, CONNECT)
    with pytest.raises(StorageUnavailable) as raised:
        run(store.list_dir(""))
    run(store.aclose())
    return str(raised.value)


@pytest.fixture
def run(loop: asyncio.AbstractEventLoop) -> Any:
    return loop.run_until_complete


def test_another_host_key_is_never_trusted(sshd: SshServer, run: Any, tmp_path: Path) -> None:
    import_of_other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    assert "another host key" in refused(sshd, run, str(sshd.files), host_key=import_of_other)


def test_wrong_credentials_are_refused(sshd: SshServer, run: Any) -> None:
    assert "refuses the credentials" in refused(sshd, run, str(sshd.files), private_key=sshd.other_key)
    assert "refuses the credentials" in refused(
        sshd, run, str(sshd.files), private_key=None, password="canary"
    )


def test_a_directory_that_is_not_there_is_refused(sshd: SshServer, run: Any) -> None:
    assert "cannot be used" in refused(sshd, run, str(sshd.files / "nothing"))


def test_keys_that_are_none_are_refused(sshd: SshServer) -> None:
    for changes in ({"host_key": "nonsense"}, {"private_key": "canary"}):
        with pytest.raises(InvalidInput) as raised:
            open_sftp(login(sshd, **changes), "/", CONNECT)
        assert "canary" not in str(raised.value)


def test_a_login_hides_its_secrets(sshd: SshServer) -> None:
    assert sshd.private_key[40:60] not in repr(login(sshd, password="canary"))
    assert "canary" not in repr(login(sshd, password="canary"))
