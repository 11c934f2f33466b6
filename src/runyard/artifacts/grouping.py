"""Small pieces of an upload, collected until handing them on is worth it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from runyard.errors import InvalidInput

GROUP_BYTES = 1024 * 1024


async def grouped(pieces: AsyncIterator[bytes], size: int | None) -> AsyncIterator[list[bytes]]:
    """Collect pieces to groups of at least 1 MiB; the last one may be smaller, none is empty.

    Raises: InvalidInput, when they are not `size` bytes in all.
    """
    group: list[bytes] = []
    held = passed = 0
    async for piece in pieces:
        group.append(piece)
        held += len(piece)
        if size is not None and passed + held > size:
            break
        if held >= GROUP_BYTES:
            yield group
            passed += held
            group, held = [], 0
    if size is not None and passed + held != size:
        raise InvalidInput(
            f"The upload has {passed + held} bytes; {size} were announced. Send the file again."
        )
    if held:
        yield group
