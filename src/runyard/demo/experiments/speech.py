"""Taking noise out of sound: what the network makes of one melody, as WAV and as pictures of its spectrum."""

from __future__ import annotations

import numpy as np

from runyard.demo import curves, documents, pictures, sounds
from runyard.demo.plan import DAY_MS, MINUTE_MS, ExperimentPlan, RunPlan

NAME = "speech-denoising"
NOTE = (
    "Denoising of short sounds. **Listen** to `audio/` of each run: noise at step 0, the melody at the end."
)
STEPS, SHOWN = 1_000, (0, 250, 500, 1_000)


def plan(now_ms: int) -> ExperimentPlan:
    """Four runs."""
    runs = [_run(number, np.random.default_rng([15, number]), now_ms) for number in range(4)]
    return ExperimentPlan(NAME, NOTE, {"team.goal": "hear clearly", "domain": "audio"}, runs)


def _run(number: int, rng: np.random.Generator, now_ms: int) -> RunPlan:
    depth = (2, 3, 4, 5)[number]
    start_ms = now_ms - int((6 - number) * DAY_MS)
    end_ms = start_ms + 47 * MINUTE_MS
    steps = np.arange(0, STEPS + 1, 2, dtype=np.int64)
    clean = 0.55 + 0.1 * depth
    columns = {
        "train/loss": curves.falling(steps, rng, start=0.9, floor=0.2 - 0.03 * depth, half=120, noise=0.03),
        "val/si_sdr_db": 18 * curves.rising(steps, rng, top=clean * 0.9, half=160, noise=0.01, start=0.05),
        "val/pesq": 1 + 3.4 * curves.rising(steps, rng, top=clean * 0.85, half=190, noise=0.008, start=0.05),
    }
    files = {"code/packages.txt": documents.packages()}
    for step in SHOWN:
        sound = sounds.melody(rng, float(np.clip(clean * (1 - np.exp2(-step / 160)), 0.02, 1)))
        files[f"audio/step_{step:04d}.wav"] = sounds.wav(sound)
        picture = pictures.heat_map(sounds.spectrum(sound))
        files[f"spectrograms/step_{step:04d}.png"] = pictures.png(pictures.grid([picture], 1, 2))
    return RunPlan(
        f"unet-depth-{depth}",
        start_ms,
        end_ms,
        params={"depth": str(depth), "learning_rate": "0.0005", "window": "512", "loss": "l1 + spectral"},
        tags={"mlflow.source.name": "denoise.py", "framework": "pytorch"},
        series=[
            *(curves.timed(key, steps, values, start_ms, end_ms) for key, values in columns.items()),
            *curves.machine(rng, start_ms, end_ms),
        ],
        files=files,
    )
