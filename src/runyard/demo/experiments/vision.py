"""Image classification: a few architectures, long loss curves, pictures by step; one came apart, one runs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import numpy as np

from runyard.demo import curves, documents, pictures
from runyard.demo.model_files import model_folder
from runyard.demo.plan import DAY_MS, HOUR_MS, MINUTE_MS, Data, ExperimentPlan, Registered, RunPlan, Series

NAME = "shapes-classification"
NOTE = """\
Which architecture tells noisy **shapes** apart, at which size?

| question | answer so far |
|---|---|
| does augmentation pay? | yes, two points of `val/accuracy` |
| is ViT worth it at this size? | not yet, it needs longer warm-up |

- baselines come first, ablations change *one* thing
- compare by `val/accuracy.max`, never by the last value
"""
MODELS: Mapping[str, tuple[float, float]] = {  # best accuracy, steps for half of the way
    "resnet18": (0.914, 130.0),
    "resnet50": (0.941, 180.0),
    "convnext-tiny": (0.957, 210.0),
    "vit-small": (0.949, 420.0),
}
STEPS, EVERY, EPOCHS = 1_600, 40, 40
DATA = Data(
    "shapes-5", "3f9a61c2", "local", '{"uri": "data/shapes-5.parquet"}', '{"num_rows": 60000, "num_elements": 240000}'
)  # fmt: skip


def plan(now_ms: int) -> ExperimentPlan:
    """Two dozen runs."""
    runs = []
    for number in range(24):
        model = list(MODELS)[number % 4]
        rng = np.random.default_rng([11, number])
        start_ms = now_ms - int((19 - number * 0.75) * DAY_MS) - int(rng.integers(0, 8 * HOUR_MS))
        runs.append(_run(number, model, rng, start_ms, now_ms))
    tags = {"team.goal": "tell shapes apart", "domain": "vision"}
    return ExperimentPlan(NAME, NOTE, tags, runs)


def _run(number: int, model: str, rng: np.random.Generator, start_ms: int, now_ms: int) -> RunPlan:
    top, half = MODELS[model]
    rate = float(rng.choice([3e-4, 1e-3, 3e-3]))
    augment = bool(number % 3)
    status = {9: "FAILED", 14: "KILLED", 21: "FAILED", 23: "RUNNING"}.get(number, "FINISHED")
    done = {"FAILED": 0.45, "KILLED": 0.3, "RUNNING": 0.62}.get(status, 1.0)
    length_ms = int((38 + 22 * rng.random() + half / 8) * MINUTE_MS)
    if status == "RUNNING":
        start_ms = now_ms - int(length_ms * done)
    end_ms = start_ms + int(length_ms * done)
    best = top + (0.012 if augment else -0.014) - 0.01 * abs(np.log10(rate / 1e-3)) + rng.normal(0, 0.004)
    series = _series(rng, start_ms, end_ms, done, rate, half, float(best), augment, apart=number == 9)
    name = f"{model}-{'aug' if augment else 'plain'}-{number:02d}"
    params = {
        "model": model, "optimizer": "adamw" if number % 5 else "sgd", "learning_rate": f"{rate:g}",
        "batch_size": str(rng.choice([64, 128, 256])), "epochs": str(EPOCHS), "weight_decay": f"{rng.choice([0.0, 0.01, 0.05]):g}",
        "augment": str(augment).lower(), "label_smoothing": f"{rng.choice([0.0, 0.1]):g}", "image_size": "64",
        "seed": str(1 + number // 4), "schedule": "cosine", "warmup_steps": "80", "mixed_precision": "bf16",
    }  # fmt: skip
    tags = {
        "mlflow.source.name": "train.py", "mlflow.source.type": "LOCAL", "mlflow.source.git.commit": documents.COMMIT,
        "mlflow.source.git.branch": "main" if number < 16 else "vit-warmup", "stage": "baseline" if number < 8 else "ablation",
        "framework": "pytorch", "mlflow.loggedImages": "true", "device": "1 × L4",
    }  # fmt: skip
    if number == 9:
        tags["runyard.failure"] = "loss is nan at step 720"
    files = _files(number, rng, model, series, start_ms, end_ms, status)
    chosen = {4: 0, 13: 1, 18: 2}.get(number)
    return RunPlan(
        name,
        start_ms,
        None if status == "RUNNING" else end_ms,
        status,
        params,
        tags,
        note=_note(number),
        series=series,
        files=files,
        inputs=[DATA],
        registered=None if chosen is None else _registered(chosen),
        logged_model=("model", "shapes-classifier", "pyfunc") if chosen is not None else None,
        deleted=number in (1, 5),
    )


def _series(
    rng: np.random.Generator,
    start_ms: int,
    end_ms: int,
    done: float,
    rate: float,
    half: float,
    best: float,
    augment: bool,
    *,
    apart: bool,
) -> list[Series]:
    steps = np.arange(int(STEPS * done), dtype=np.int64)
    epochs = np.arange(int(EPOCHS * done), dtype=np.int64)
    ends = (epochs + 1) * EVERY - 1
    loss = curves.falling(steps, rng, start=1.62, floor=1.02 * (1 - best) + 0.02, half=half, noise=0.06)
    loss = curves.spiked(loss, rng, count=4, height=1.4)
    held = curves.falling(ends, rng, start=1.6, floor=2.6 * (1 - best), half=half * 1.1, noise=0.02)
    if not augment:
        held = curves.overfitted(held, 0.12)
    norms = curves.spiked(
        np.abs(rng.normal(1.1, 0.25, len(steps))) + 3 * np.exp2(-steps / 60), rng, count=5, height=6
    )
    if apart:
        loss, norms = curves.diverged(loss, len(steps) - 48), curves.diverged(norms, len(steps) - 50)
    columns = {
        "train/loss": (steps, loss),
        "train/accuracy": (
            steps,
            curves.rising(steps, rng, top=min(0.999, best + 0.03), half=half, noise=0.02, start=0.2),
        ),
        "train/grad_norm": (steps, norms),
        "train/learning_rate": (steps, curves.cosine(steps, rate, 80, STEPS)),
        "val/loss": (ends, held),
        "val/accuracy": (ends, curves.rising(ends, rng, top=best, half=half * 1.1, noise=0.006, start=0.2)),
        "val/f1": (
            ends,
            curves.rising(ends, rng, top=best - 0.006, half=half * 1.15, noise=0.007, start=0.18),
        ),
        "epoch": (ends, epochs.astype(np.float64)),
    }
    made = [curves.timed(key, at, values, start_ms, end_ms) for key, (at, values) in columns.items()]
    return [*made, *curves.machine(rng, start_ms, end_ms)]


def _files(
    number: int,
    rng: np.random.Generator,
    model: str,
    series: list[Series],
    start_ms: int,
    end_ms: int,
    status: str,
) -> dict[str, bytes]:
    accuracy = next(one.values for one in series if one.key == "val/accuracy")
    files = {
        "code/changes.patch": documents.PATCH.encode(),
        "code/packages.txt": documents.packages(),
        "config.json": documents.pretty_json(
            {"model": model, "data": {"name": "shapes-5", "size": 64}, "epochs": EPOCHS}
        ),
        "logs/stdout.txt": _log(series, start_ms, end_ms, status),
    }
    if number == 9:
        files["logs/stderr.txt"] = documents.TRACEBACK.replace("{step}", "720").encode()
    if status == "FINISHED":
        wrong = 1 - float(accuracy[-1])
        matrix = _matrix(rng, wrong)
        files["plots/confusion_matrix.png"] = pictures.png(pictures.heat_map(matrix, 48))
        files["metrics/per_class.csv"] = documents.table_csv(
            ("class", "precision", "recall", "support"),
            [(name, round(0.995 - wrong * rng.random(), 4), round(float(matrix[place, place]), 4), 2_000)
             for place, name in enumerate(pictures.SHAPES)],
        )  # fmt: skip
    if number >= 12:
        files |= _samples(rng, float(accuracy[-1]), start_ms, end_ms)
    if number in (4, 13, 18):
        columns = ("area", "edges", "corners", "holes")
        files |= model_folder("model", end_ms, columns, rng.normal(0, 1, 4).tolist(), 0.2)
    return files


def _samples(rng: np.random.Generator, accuracy: float, start_ms: int, end_ms: int) -> dict[str, bytes]:
    """Pictures with a green frame where the guess was right, named as `mlflow.log_image` names them."""
    found = {}
    for place, step in enumerate((0, 399, 799, 1199, 1599)):
        right = 0.2 + (accuracy - 0.2) * min(1.0, place / 3)
        shown = [
            pictures.framed(
                pictures.shape(int(rng.integers(5)), rng),
                pictures.GOOD if rng.random() < right else pictures.BAD,
            )
            for _ in range(12)
        ]
        at_ms = start_ms + (end_ms - start_ms) * step // STEPS
        unique = uuid.UUID(bytes=rng.bytes(16), version=4)
        found[f"images/predictions%step%{step}%timestamp%{at_ms}%{unique}.png"] = pictures.png(
            pictures.grid(shown, 4)
        )
    return found


def _matrix(rng: np.random.Generator, wrong: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    found = rng.random((5, 5)) * wrong / 2.5
    np.fill_diagonal(found, 1 - wrong * (0.6 + 0.8 * rng.random(5)))
    return found


def _log(series: list[Series], start_ms: int, end_ms: int, status: str) -> bytes:
    by_key = {one.key: one.values for one in series}
    loss, accuracy = by_key["val/loss"], by_key["val/accuracy"]
    lines = ["INFO  device cuda:0 (L4, 23 GiB)", "INFO  60,000 training and 10,000 validation pictures"]
    lines += [
        f"INFO  epoch {epoch + 1:>2}/{EPOCHS}  val_loss {loss[epoch]:.4f}  val_accuracy {accuracy[epoch]:.4f}"
        + ("  (best so far)" if accuracy[epoch] >= accuracy[: epoch + 1].max() else "")
        for epoch in range(len(loss))
    ]
    ends = {
        "FAILED": "ERROR loss is nan, stopping",
        "KILLED": "WARN  received SIGTERM",
        "FINISHED": "INFO  done",
    }
    if status in ends:
        lines.append(ends[status])
    return documents.log_text(start_ms, end_ms, lines)


def _note(number: int) -> str:
    notes = {
        4: "First run that is good enough to show. **Registered** as version 1.",
        9: "Learning rate too high without warm-up: the loss comes apart at step ~700. See `logs/stderr.txt`.",
        18: "Best so far: augmentation *and* weight decay. Registered as `challenger`.",
    }
    return notes.get(number, "")


def _registered(version: int) -> Registered:
    described = (
        "Baseline, 40 epochs.",
        "Augmented; two points better than the baseline on held-out shapes.",
        "Longer schedule. On trial beside the champion.",
    )
    aliases = ((), ("champion",), ("challenger", "candidate"))
    return Registered(
        "shapes-classifier",
        "model",
        "Tells **five shapes** apart in noisy pictures of 64 × 64 pixels.",
        described[version],
        aliases[version],
        {"validated": str(version < 2).lower()},
    )
