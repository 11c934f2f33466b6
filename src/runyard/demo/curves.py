"""Curves as trainings draw them: they fall and flatten, they are noisy, some come apart."""

from __future__ import annotations

import numpy as np

from runyard.demo.plan import Floats, Ints, Series

Random = np.random.Generator


def falling(steps: Ints, rng: Random, *, start: float, floor: float, half: float, noise: float) -> Floats:
    """A loss: half of the way to its floor is done after `half` steps; the noise shrinks with it."""
    decay = np.exp2(-steps / half)
    jitter = rng.normal(0.0, noise, len(steps)) * (0.35 + decay)
    return np.asarray(np.maximum(floor + (start - floor) * decay + jitter, floor * 0.3 + 1e-4))


def rising(steps: Ints, rng: Random, *, top: float, half: float, noise: float, start: float = 0.1) -> Floats:
    """An accuracy, never above 1."""
    grown = top - (top - start) * np.exp2(-steps / half)
    return np.asarray(np.clip(grown + rng.normal(0.0, noise, len(steps)), 0.0, 0.9999))


def overfitted(values: Floats, slope: float) -> Floats:
    """The same, rising again in its second half: what is learnt by heart does not hold elsewhere."""
    late = np.maximum(np.arange(len(values)) / max(1, len(values) - 1) - 0.5, 0.0)
    return np.asarray(values + slope * late**2 * 4)


def spiked(values: Floats, rng: Random, *, count: int, height: float) -> Floats:
    """With single steps that stand out."""
    found = values.copy()
    if len(values) > 20:
        places = rng.integers(len(values) // 10, len(values), count)
        found[places] *= 1.0 + height * rng.random(count)
    return found


def diverged(values: Floats, at: int) -> Floats:
    """It explodes from a step on, over infinity to NaN."""
    found = values.copy()
    rest = len(values) - at
    growth = np.exp(np.minimum(np.arange(rest) * 0.35, 700.0))
    found[at:] = found[at] * growth
    found[at + min(rest, 40) :] = np.inf
    found[at + min(rest, 44) :] = np.nan
    return found


def cosine(steps: Ints, peak: float, warm: int, total: int) -> Floats:
    """A learning rate that warms up and goes down along a cosine, to a hundredth in the last of all steps."""
    along = np.clip((steps - warm) / max(1, total - warm), 0.0, 1.0)
    falling_rate = peak * (0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * along)))
    return np.asarray(np.where(steps < warm, peak * steps / max(1, warm), falling_rate))


def wandering(count: int, rng: Random, *, level: float, spread: float, low: float, high: float) -> Floats:
    """What a machine's gauge shows: around a level, with a memory."""
    found = np.empty(count)
    value = level
    for place, push in enumerate(rng.normal(0.0, spread, count)):
        value += 0.25 * (level - value) + push
        found[place] = value
    return np.asarray(np.clip(found, low, high))


def timed(key: str, steps: Ints, values: Floats, start_ms: int, end_ms: int) -> Series:
    """A series whose steps are spread evenly over a run's time."""
    share = steps / max(1, int(steps[-1])) if len(steps) else steps.astype(np.float64)
    return Series(key, steps, (start_ms + share * (end_ms - start_ms)).astype(np.int64), values)


def machine(rng: Random, start_ms: int, end_ms: int, *, gpu: bool = True) -> list[Series]:
    """System metrics under MLflow's names, one point in ten seconds and 240 at most."""
    count = int(np.clip((end_ms - start_ms) // 10_000, 6, 240))
    steps = np.arange(count, dtype=np.int64)
    gauges = {
        "system/cpu_utilization_percentage": (46.0, 7.0, 100.0),
        "system/system_memory_usage_percentage": (38.0, 0.8, 100.0),
        "system/system_memory_usage_megabytes": (24_300.0, 190.0, 65_000.0),
        "system/disk_usage_percentage": (61.0, 0.05, 100.0),
        "system/network_receive_megabytes": (3.1, 0.6, 100.0),
    }
    if gpu:
        gauges |= {
            "system/gpu_0_utilization_percentage": (93.0, 3.5, 100.0),
            "system/gpu_0_memory_usage_percentage": (81.0, 0.6, 100.0),
            "system/gpu_0_power_usage_watts": (66.0, 3.0, 72.0),
        }
    return [
        timed(
            key,
            steps,
            wandering(count, rng, level=level, spread=spread, low=0.0, high=high),
            start_ms,
            end_ms,
        )
        for key, (level, spread, high) in gauges.items()
    ]
