"""Text from a request becomes a path below a datastore's root here, and nowhere else.

The text is percent-decoded exactly once, then checked; what further decodings would turn into a path that leads out of
the root is refused, so that no layer behind this one can be talked into decoding again. Other escapes that survive are
part of the name: MLflow 2 names images `key%step%0%timestamp%17…%2fab….png`.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote, unquote_to_bytes

from runyard.errors import InvalidInput

LONGEST_NAME_BYTES = 255
LONGEST_PATH_BYTES = 2_048
MOST_COMPONENTS = 128
MOST_DECODINGS = 10

_SHOWN = 80
_DRIVE = re.compile(r"[A-Za-z]:")
_SEPARATORS = re.compile(r"[/\\]")
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\x9f]")


def decode_path(encoded: bytes | str) -> str:
    """Decode text that is still percent-encoded, exactly once, and clean it.

    Raises: InvalidInput, also when the bytes are not UTF-8.
    """
    return clean_path(unquote_to_bytes(encoded).decode(errors="replace"))


def clean_path(decoded: str) -> str:
    """Check a decoded path; return it relative, without `.` components. Empty text is the root.

    Whatever passes is kept byte for byte: `%`, `#`, `?`, `+`, blanks and every letter are allowed.

    A decoder in front of this one must put U+FFFD for bytes that are not UTF-8, as Python's does on request; it is
    refused too.

    Raises: InvalidInput for `..`, absolute paths, empty components, backslashes, drive letters, control characters,
        escapes that survived one decoding and would lead out of the root, and names too long to store.
    """
    if not decoded:
        return ""
    reason = _fault(decoded)
    if reason is not None:
        raise _invalid(decoded, reason)
    return "/".join(name for name in decoded.split("/") if name != ".")


def clean_file_path(decoded: str) -> str:
    """Like `clean_path`, for what must name a file: the root is refused too."""
    path = clean_path(decoded)
    if not path:
        raise _invalid(decoded, "it names no file")
    return path


def clean_directory_path(decoded: str) -> str:
    """Like `clean_path`, for what may name a directory: one slash at its end is ignored."""
    return clean_path(decoded[:-1] if len(decoded) > 1 and decoded.endswith("/") else decoded)


def join(*parts: str) -> str:
    """Join clean paths; empty parts vanish."""
    return "/".join(part for part in parts if part)


def folded(decoded: str) -> str:
    """A path as a file system finds it that tells neither capitals nor forms of a letter apart, and overlooks what cannot
    be seen. Two paths that lead to one file anywhere are equal here; it need not be a path that is allowed.
    """
    seen = "".join(letter for letter in decoded if unicodedata.category(letter) != "Cf")
    plain = unicodedata.normalize("NFC", unicodedata.normalize("NFC", seen).casefold())
    return "/".join(name for name in plain.split("/") if name not in ("", "."))


def shortened(text: str) -> str:
    """Text from outside for an error message: one line, at most 80 characters."""
    shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    return ascii(shown) if not shown.isprintable() else f"'{shown}'"


def _fault(text: str) -> str | None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    names = text.split("/")
    if size > LONGEST_PATH_BYTES or len(names) > MOST_COMPONENTS:
        return f"it is longer than {LONGEST_PATH_BYTES} bytes or {MOST_COMPONENTS} components"
    if any(unicodedata.category(letter) == "Cc" for letter in text):
        return "it holds a control character"
    if "\ufffd" in text:
        return "it is not UTF-8"
    if "\\" in text:
        return "it holds a backslash; separate components by '/'"
    if text.startswith("/") or _DRIVE.match(text):
        return "it is absolute; give it relative to the artifact root"
    if _leads_out_decoded(text):
        return "it is percent-encoded more than once"
    return _name_fault(names)


def _leads_out_decoded(text: str) -> bool:
    """Whether decoding again, up to ten times, makes a component `.` or `..`, or the path absolute."""
    for _ in range(MOST_DECODINGS):
        decoded = unquote(text, errors="replace")
        if decoded == text:
            return False
        text = decoded
        names = [_UNSEEN.sub("", name) for name in _SEPARATORS.split(text)]
        if not names[0] or _DRIVE.match(text) or any(name in (".", "..") for name in names):
            return True
    return True


def _name_fault(names: list[str]) -> str | None:
    if ".." in names:
        return "it holds '..'"
    if "" in names:
        return "it holds an empty component"
    if any(len(name.encode()) > LONGEST_NAME_BYTES for name in names):
        return f"a component is longer than {LONGEST_NAME_BYTES} bytes"
    return None


def _invalid(text: str, reason: str) -> InvalidInput:
    return InvalidInput(f"Invalid path {shortened(text)}: {reason}.")
