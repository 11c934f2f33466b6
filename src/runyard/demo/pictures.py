"""Pictures from arrays: shapes to classify, grids of them, heat maps and lines, as PNG."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # (height, width, 3)
SHAPES = ("circle", "square", "triangle", "cross", "ring")
PALETTE = ((31, 119, 180), (214, 96, 33), (44, 140, 60), (148, 82, 170), (190, 48, 60), (20, 150, 160))
WHITE, INK, GOOD, BAD = (255, 255, 255), (60, 66, 74), (46, 160, 67), (218, 54, 51)


def png(pixels: Pixels) -> bytes:
    """The picture as a PNG file."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, width * 3 + 1), np.uint8)
    rows[:, 1:] = pixels.reshape(height, width * 3)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(kind, body) for kind, body in parts)


def _part(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def shape(kind: int, rng: np.random.Generator, size: int = 40) -> Pixels:
    """A noisy picture of one of the shapes."""
    y, x = np.mgrid[0:size, 0:size] - (size - 1) / 2 + rng.normal(0, size / 20, 2)[:, None, None]
    angle = rng.uniform(-0.5, 0.5)
    x, y = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
    radius = size * rng.uniform(0.26, 0.38)
    distance = np.hypot(x, y)
    inside = (
        distance < radius,
        np.maximum(abs(x), abs(y)) < radius * 0.86,
        (y < radius * 0.7) & (y > -radius + 2.0 * abs(x)),
        np.minimum(abs(x), abs(y)) < radius * 0.3,
        abs(distance - radius * 0.75) < radius * 0.25,
    )[kind] & (distance < radius * 1.4)
    ground = rng.uniform(150, 235, 3)
    ink = np.array(PALETTE[int(rng.integers(len(PALETTE)))], float)
    found = np.where(inside[..., None], ink, ground) + rng.normal(0, 14, (size, size, 3))
    return np.clip(found, 0, 255).astype(np.uint8)


def framed(picture: Pixels, color: tuple[int, int, int], width: int = 3) -> Pixels:
    """With a frame around it."""
    height, length, _ = picture.shape
    found = np.full((height + 2 * width, length + 2 * width, 3), color, np.uint8)
    found[width:-width, width:-width] = picture
    return found


def grid(pictures: Sequence[Pixels], columns: int, gap: int = 4) -> Pixels:
    """Pictures of one size in rows."""
    height, width, _ = pictures[0].shape
    rows = -(-len(pictures) // columns)
    found = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, 3), 250, np.uint8)
    for place, picture in enumerate(pictures):
        top, left = (gap + (place // columns) * (height + gap)), gap + (place % columns) * (width + gap)
        found[top : top + height, left : left + width] = picture
    return found


def heat_map(values: NDArray[np.float64], cell: int = 1) -> Pixels:
    """Values as colours from dark blue over green to yellow."""
    low, high = float(np.min(values)), float(np.max(values))
    share = (values - low) / ((high - low) or 1.0)
    stops = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    colors = np.array([(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)], float)
    found = np.stack([np.interp(share, stops, colors[:, channel]) for channel in range(3)], axis=-1)
    return np.asarray(np.repeat(np.repeat(found.astype(np.uint8), cell, axis=0), cell, axis=1))


def lines(curves: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], size: int = 320) -> Pixels:
    """Curves with x and y from 0 to 1 in a frame."""
    found = np.full((size, size, 3), 255, np.uint8)
    edge = size // 12
    inner = size - 2 * edge
    found[edge : edge + inner, edge] = found[edge + inner, edge : edge + inner + 1] = INK
    for share in (0.25, 0.5, 0.75, 1.0):
        row = edge + inner - int(share * inner)
        found[row, edge + 1 : edge + inner] = (232, 234, 237)
    dense = np.linspace(0.0, 1.0, size * 64)
    for number, (x, y) in enumerate(curves):
        columns = edge + (np.interp(dense, np.linspace(0, 1, len(x)), x) * inner).astype(int)
        rows = edge + inner - (np.interp(dense, np.linspace(0, 1, len(y)), y) * inner).astype(int)
        for thick in (0, 1):
            found[np.minimum(rows + thick, size - 1), columns] = PALETTE[number % len(PALETTE)]
    return found
