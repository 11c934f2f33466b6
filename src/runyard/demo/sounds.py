"""A melody out of noise, as WAV, and what its spectrum looks like."""

from __future__ import annotations

import io
import wave

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
NOTES_HZ = (262, 330, 392, 523, 392, 330, 262)
NOTE_S = 0.28


def melody(rng: np.random.Generator, clean: float) -> NDArray[np.float64]:
    """Seven notes, heard through noise; clean is 0 to 1."""
    along = np.arange(int(RATE * NOTE_S)) / RATE
    shape = np.minimum(1.0, along * 40) * np.exp(-along * 6)
    notes = [
        shape * (np.sin(2 * np.pi * hz * along) + 0.4 * np.sin(4 * np.pi * hz * along) * clean)
        for hz in NOTES_HZ
    ]
    sound = np.concatenate(notes)
    return np.asarray(0.5 * (clean * sound + (1 - clean) * 0.6 * rng.normal(0, 0.5, len(sound))))


def wav(sound: NDArray[np.float64]) -> bytes:
    """16 bits, one channel."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32_000).astype("<i2").tobytes())
    return out.getvalue()


def spectrum(sound: NDArray[np.float64], window: int = 512, hop: int = 160) -> NDArray[np.float64]:
    """Loudness in decibels by frequency, low ones at the bottom, and time."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, window)[::hop] * np.hanning(window)
    power = np.abs(np.fft.rfft(frames, axis=1))[:, : window // 4]
    return np.asarray(20 * np.log10(power.T[::-1] + 1e-3))
