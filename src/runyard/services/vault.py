"""Secrets at rest: encrypted with a key that never lies beside them, and bound to the record that they belong to."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from runyard.errors import CorruptData, InvalidState

_FORMAT = b"\x01"
_KEY_BYTES = 32
_ID_BYTES = 8
_NONCE_BYTES = 12
_PURPOSE = b"runyard vault 1"
_HEAD_BYTES = len(_FORMAT) + _ID_BYTES + _NONCE_BYTES


class Vault:
    """Encrypts and decrypts: AES-256-GCM, one random nonce per value, keys derived by HKDF-SHA-256.

    A sealed value is format (1 byte), key id (8), nonce (12), ciphertext and tag. What it belongs to is authenticated
    with it, so that a value that was moved to another workspace, name or purpose does not open.

    Args:
        key: the server's secret key; everything is sealed with what is derived from it.
        earlier: keys that the server had before; they only open.
    """

    def __init__(self, key: bytes, earlier: Sequence[bytes] = ()) -> None:
        derived = [_derived(one) for one in (key, *earlier)]
        self._current = _id_of(derived[0])
        self._ciphers = {_id_of(one): AESGCM(one) for one in reversed(derived)}

    def seal(self, value: bytes, *belongs: str) -> bytes:
        """Encrypt.

        Args:
            belongs: purpose, workspace guid, name; given again to open.
        """
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, value, _bound(belongs))
        return _FORMAT + self._current + nonce + sealed

    def open(self, sealed: bytes, *belongs: str) -> bytes:
        """Decrypt.

        Raises: InvalidState, when it was sealed with a key that this server does not have; CorruptData.
        """
        head = len(_FORMAT)
        key_id, nonce = sealed[head : head + _ID_BYTES], sealed[head + _ID_BYTES : _HEAD_BYTES]
        if not sealed.startswith(_FORMAT) or len(sealed) <= _HEAD_BYTES:
            raise _corrupt(belongs)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise InvalidState(
                f"{_shown(belongs)} was encrypted with another secret key (id {key_id.hex()}). Start the server with "
                "that key among RUNYARD_PREVIOUS_SECRET_KEYS, or set the secret again."
            )
        try:
            return cipher.decrypt(nonce, sealed[_HEAD_BYTES:], _bound(belongs))
        except InvalidTag:
            raise _corrupt(belongs) from None


def _derived(key: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=_PURPOSE).derive(key)


def _id_of(derived: bytes) -> bytes:
    return hashlib.sha256(b"id of " + derived).digest()[:_ID_BYTES]


def _bound(belongs: Sequence[str]) -> bytes:
    return b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in belongs)


def _shown(belongs: Sequence[str]) -> str:
    return f"The secret of {belongs[0]} {belongs[-1]!r}"


def _corrupt(belongs: Sequence[str]) -> CorruptData:
    return CorruptData(
        f"{_shown(belongs)} was changed or moved where it is stored, and does not open. Set it again."
    )
