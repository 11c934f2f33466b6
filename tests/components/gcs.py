"""Google Cloud Storage's XML protocol on loopback, as far as it can be had without Google.

No emulator of the XML API is to be had from a package registry. That API is made to be interoperable with S3, though,
so this is a gateway in front of the real S3 server of `tests.components.s3`: it drops the OAuth header (an S3 server
takes it for a malformed signature) and passes everything else on, to a bucket that is open to everybody. It proves the
requests that the client makes, not Google's authentication.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import urllib3

from runyard.artifacts.sigv4 import presigned_url
from tests.components.s3 import S3Server

_DROPPED = ("authorization", "host", "connection", "transfer-encoding", "content-length")


@dataclass(frozen=True, slots=True)
class GcsServer:
    """Address of a running gateway."""

    url: str

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which the datastore finds this server."""
        account = {"gcs_base_url": self.url, "disable_oauth": True, "client_email": "", "private_key": ""}
        return {
            "GOOGLE_BASE_URL": self.url,
            "GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps({**account, "private_key_id": ""}),
        }


def open_bucket(server: S3Server, bucket: str) -> None:
    """Create a bucket that anybody may read and write without credentials."""
    everything = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
            }
        ],
    }
    server.create_bucket(bucket)
    url = presigned_url(server.keys, "PUT", server.url, f"/{bucket}", expires_s=60, query={"policy": ""})
    answer = urllib3.request("PUT", url, body=json.dumps(everything))
    assert answer.status == 204, answer.data


@contextlib.contextmanager
def gcs_gateway(server: S3Server) -> Iterator[GcsServer]:
    """Pass requests on to `server`, without their credentials, until the block ends."""
    pool = urllib3.PoolManager(maxsize=16)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _DROPPED}
            answer = pool.request(
                self.command, server.url + self.path, body=body, headers=headers, preload_content=False
            )
            data = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in _DROPPED:
                    self.send_header(name, value)
            length = answer.headers.get("content-length", "0") if self.command == "HEAD" else str(len(data))
            self.send_header("Content-Length", length)
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else data)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on

    gateway = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway.daemon_threads = True
    thread = threading.Thread(target=gateway.serve_forever, daemon=True)
    thread.start()
    try:
        yield GcsServer(f"http://127.0.0.1:{gateway.server_port}")
    finally:
        gateway.shutdown()
        thread.join(10)
        gateway.server_close()
        pool.clear()
