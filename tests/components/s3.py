"""A real S3 server on loopback: Ceph's radosgw over one monitor and one in-memory OSD.

Needs the Debian packages that `scripts/install-components` installs. About 380 MB of memory; up in 10 to 20 seconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import urllib3

from runyard.artifacts.sigv4 import Keys, presigned_url
from tests.components.processes import accepts, free_ports, running, wait_until

PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph-authtool", "monmaptool")

_CONFIGURATION = """
[global]
fsid={fsid}
mon host=[v2:127.0.0.1:{mon_v2},v1:127.0.0.1:{mon_v1}]
public network=127.0.0.0/8
ms bind ipv4=true
ms bind ipv6=false
osd pool default size=1
osd pool default min size=1
osd pool default pg num=1
osd pool default pgp num=1
osd crush chooseleaf type=0
mon allow pool size one=true
mon warn on pool no redundancy=false
mon max pg per osd=1000
mon allow pool delete=true
run dir={home}/run
log file={home}/log/$name.log
pid file={home}/run/$name.pid
admin socket={home}/run/$name.asok
keyring={home}/keyring
[mon]
mon data={home}/mon
mon initial members=a
paxos propose interval=0.1
paxos min wait=0.01
[mon.a]
host=localhost
[osd]
osd data={home}/osd
osd objectstore=memstore
memstore device bytes=4294967296
osd class load list=*
osd class default list=*
osd memory target=939524096
[client]
rgw frontends=beast endpoint=127.0.0.1:{port}
rgw thread pool size=64
rgw dns name=
rgw data={home}/rgw
rgw enable usage log=false
rgw gc max objs=1
rgw lc max objs=1
rgw usage max shards=1
rgw override bucket index max shards=1
"""


@dataclass(frozen=True, slots=True)
class S3Server:
    """Address and keys of a running server."""

    url: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which AWS clients find this server."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    @property
    def keys(self) -> Keys:
        """The keys as our own signer takes them."""
        return Keys(self.access_key, self.secret_key, self.region)

    def create_bucket(self, bucket: str) -> None:
        """Make an empty bucket."""
        answer = self.call("PUT", f"/{bucket}")
        assert answer.status == 200, answer.data

    def unfinished_uploads(self, bucket: str) -> int:
        """Count the multipart uploads that were neither completed nor aborted."""
        return self.call("GET", f"/{bucket}", {"uploads": ""}).data.count(b"<UploadId>")

    def call(
        self, method: str, path: str, query: Mapping[str, str] | None = None
    ) -> urllib3.BaseHTTPResponse:
        """Send one signed request."""
        return urllib3.request(
            method, presigned_url(self.keys, method, self.url, path, expires_s=60, query=query)
        )


def missing_programs() -> list[str]:
    """Name the programs of the server that are not installed."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


@contextlib.contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run a radosgw with one user and no bucket until the block ends."""
    with tempfile.TemporaryDirectory(prefix="runyard-s3-") as folder, contextlib.ExitStack() as stack:
        home = Path(folder)
        mon_v2, mon_v1, port = free_ports(3)
        ceph = _Ceph(home, stack, mon_v2, mon_v1, port)
        ceph.start_monitor()
        ceph.start_osd()
        ceph.start_gateway()
        yield ceph.create_user()


class _Ceph:
    """The smallest cluster that can carry a gateway, each daemon in the foreground as a child of ours."""

    def __init__(self, home: Path, stack: contextlib.ExitStack, mon_v2: int, mon_v1: int, port: int) -> None:
        self._home, self._stack = home, stack
        self._mon_v2, self._mon_v1, self._port = mon_v2, mon_v1, port
        self._fsid = str(uuid.uuid4())
        for name in ("mon", "osd", "run", "log", "rgw"):
            (home / name).mkdir()
        settings = _CONFIGURATION.format(home=home, fsid=self._fsid, mon_v2=mon_v2, mon_v1=mon_v1, port=port)
        (home / "ceph.conf").write_text(settings)
        self._environment = {"CEPH_CONF": f"{home}/ceph.conf", "CEPH_ARGS": f"-c {home}/ceph.conf"}

    def start_monitor(self) -> None:
        keyring, monmap = f"{self._home}/keyring", f"{self._home}/monmap"
        every = ["--cap", "mon", "allow *", "--cap", "osd", "allow *", "--cap", "mgr", "allow *"]
        self._call(
            "ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *"
        )
        self._call("ceph-authtool", keyring, "--gen-key", "-n", "client.admin", *every)
        self._call(
            "ceph-authtool", keyring, "--gen-key", "-n", "osd.0", "--cap", "mon", "allow *", *every[3:]
        )
        addresses = f"[v2:127.0.0.1:{self._mon_v2},v1:127.0.0.1:{self._mon_v1}]"
        self._call("monmaptool", "--create", "--addv", "a", addresses, "--fsid", self._fsid, monmap)
        self._call("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "-k", keyring)
        self._serve("mon", ["ceph-mon", "-f", "-i", "a"], self._mon_v2)

    def start_osd(self) -> None:
        osd_uuid = str(uuid.uuid4())
        self._call("ceph", "osd", "new", osd_uuid)
        self._call("ceph", "auth", "import", "-i", f"{self._home}/keyring")
        self._call("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd_uuid)
        self._serve("osd", ["ceph-osd", "-f", "-i", "0"], None)

    def start_gateway(self) -> None:
        self._serve("rgw", ["radosgw", "-f", "-n", "client.admin", "--no-mon-config"], self._port)

    def create_user(self) -> S3Server:
        access, secret = uuid.uuid4().hex[:20].upper(), uuid.uuid4().hex
        keys = ["--access-key", access, "--secret-key", secret]
        answer = self._call(
            "radosgw-admin", "user", "create", "--uid", "test", "--display-name", "test", *keys
        )
        assert json.loads(answer)["user_id"] == "test"
        return S3Server(url=f"http://127.0.0.1:{self._port}", access_key=access, secret_key=secret)

    def _serve(self, name: str, command: list[str], port: int | None) -> None:
        log = self._home / "log" / f"{name}.out"
        process = self._stack.enter_context(running(command, log, environment=self._environment, grace_s=0.2))
        if port is not None:
            wait_until(lambda: accepts(port), process, log, limit_s=120)

    def _call(self, *command: str) -> str:
        environment = {**os.environ, **self._environment}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-800:]}")
        return done.stdout
