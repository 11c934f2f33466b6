"""What a datastore must do that says it can sign requests."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import pytest
import urllib3

from runyard.artifacts.contracts import Datastore, SignedRequest, UploadedPart
from runyard.errors import InvalidInput
from tests.contract.datastore.suite import DatastoreSuite, put, read


def send(method: str, request: SignedRequest, body: bytes | None = None) -> urllib3.BaseHTTPResponse:
    return urllib3.request(method, request.url, body=body, headers=dict(request.headers), retries=False)


class SignedDatastoreSuite(DatastoreSuite):
    """The basic suite and the signed requests."""

    part_bytes = 5 * 1024 * 1024

    def test_it_says_what_it_can_do(self, store: Datastore) -> None:
        assert store.capabilities.presigned and store.capabilities.multipart

    @pytest.mark.parametrize("name", ["plain", "a b%20+ü#?.txt"])
    def test_a_signed_download_needs_no_server(
        self, run: Any, store: Datastore, folder: str, name: str
    ) -> None:
        run(put(store, f"{folder}/{name}", b"hello"))
        assert send("GET", run(store.presign_get(f"{folder}/{name}", 60))).data == b"hello"

    @pytest.mark.parametrize("name", ["plain", "a b%20+ü#?.txt"])
    def test_a_signed_upload_needs_no_server(
        self, run: Any, store: Datastore, folder: str, name: str
    ) -> None:
        answer = send("PUT", run(store.presign_put(f"{folder}/{name}", 60)), b"hello")
        assert answer.status in (200, 201)
        assert run(read(store, f"{folder}/{name}")) == b"hello"

    def test_a_signed_url_is_good_for_its_path_and_method_only(
        self, run: Any, store: Datastore, folder: str
    ) -> None:
        run(put(store, f"{folder}/one", b"1"))
        run(put(store, f"{folder}/two", b"2"))
        signed = run(store.presign_get(f"{folder}/one", 60))
        assert send("GET", SignedRequest(signed.url.replace("/one?", "/two?"))).status == 403
        assert send("PUT", SignedRequest(signed.url, {"x-ms-blob-type": "BlockBlob"}), b"x").status == 403

    def test_parts_become_one_file_when_completed(self, run: Any, store: Datastore, folder: str) -> None:
        path, data = f"{folder}/a b%", os.urandom(2 * self.part_bytes + 1_000)
        upload = run(store.create_multipart(path))
        parts = []
        for number in (3, 1, 2):
            chunk = data[(number - 1) * self.part_bytes : number * self.part_bytes]
            answer = send("PUT", run(store.presign_part(path, upload, number, 60)), chunk)
            assert answer.status in (200, 201)
            parts.append(UploadedPart(number, answer.headers.get("ETag", "")))
        assert run(store.list_dir(folder)) == []
        run(store.complete_multipart(path, upload, parts))
        assert hashlib.sha256(run(read(store, path))).digest() == hashlib.sha256(data).digest()

    def test_a_part_sent_again_counts_once(self, run: Any, store: Datastore, folder: str) -> None:
        upload = run(store.create_multipart(f"{folder}/f"))
        for data in (b"first", b"second"):
            answer = send("PUT", run(store.presign_part(f"{folder}/f", upload, 1, 60)), data)
        part = UploadedPart(1, answer.headers.get("ETag", ""))
        run(store.complete_multipart(f"{folder}/f", upload, [part]))
        assert run(read(store, f"{folder}/f")) == b"second"

    def test_completing_without_a_part_is_refused(self, run: Any, store: Datastore, folder: str) -> None:
        upload = run(store.create_multipart(f"{folder}/f"))
        for parts in ([], [UploadedPart(1, '"x"')], [UploadedPart(0, "x")], [UploadedPart(1, "x")] * 2):
            with pytest.raises(InvalidInput):
                run(store.complete_multipart(f"{folder}/f", upload, parts))
        assert run(store.list_dir(folder)) == []
        run(store.abort_multipart(f"{folder}/f", upload))

    def test_an_aborted_upload_leaves_nothing(self, run: Any, store: Datastore, folder: str) -> None:
        upload = run(store.create_multipart(f"{folder}/f"))
        send("PUT", run(store.presign_part(f"{folder}/f", upload, 1, 60)), b"x")
        run(store.abort_multipart(f"{folder}/f", upload))
        run(store.abort_multipart(f"{folder}/f", upload))
        assert run(store.list_dir(folder)) == []

    def test_an_upload_id_that_was_never_given_is_refused(
        self, run: Any, store: Datastore, folder: str
    ) -> None:
        for upload in ("", "x" * 2_000, "a\nb"):
            with pytest.raises(InvalidInput):
                run(store.complete_multipart(f"{folder}/f", upload, [UploadedPart(1, "x")]))
