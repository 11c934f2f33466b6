"""Fine-tuning a language model: long noisy losses with spikes, generations as Markdown, evaluation tables."""

from __future__ import annotations

import numpy as np

from runyard.demo import curves, documents
from runyard.demo.plan import DAY_MS, HOUR_MS, Data, ExperimentPlan, Floats, Ints, RunPlan

NAME = "llm-finetuning"
NOTE = """\
LoRA on a 1.5 B model so that it answers questions about **our own documentation**.

> Watch `train/grad_norm`: a spike there comes before a bump in the loss.

Evaluation: 200 held-out questions, see `eval/answers.json` of each run.
"""
STEPS = 2_400
QUESTIONS = (
    ("How do I resume a run?", "Pass its id: `mlflow.start_run(run_id=…)`; what is logged is added to it."),
    (
        "What does an alias do?",
        "It is a name that points to one version of a model and can be moved to another.",
    ),
    ("Are metrics ordered by time?", "No, by step; points of one step are ordered by their time."),
    ("Can I delete an artifact?", "Yes, with the right *artifacts/delete*; the run itself stays."),
)
DATA = Data(
    "docs-questions", "77c0aa12", "local", '{"uri": "data/questions.jsonl"}', '{"num_rows": 18400, "num_elements": 36800}'
)  # fmt: skip


def plan(now_ms: int) -> ExperimentPlan:
    """Eight runs; the newest one runs."""
    runs = [_run(number, np.random.default_rng([13, number]), now_ms) for number in range(8)]
    return ExperimentPlan(NAME, NOTE, {"team.goal": "answer questions", "domain": "language"}, runs)


def _run(number: int, rng: np.random.Generator, now_ms: int) -> RunPlan:
    rank = (4, 8, 16, 32)[number % 4]
    rate = (2e-4, 1e-4)[number // 4]
    running, failed = number == 7, number == 3
    done = 0.55 if running else 0.4 if failed else 1.0
    length_ms = int((4.2 + rng.random()) * HOUR_MS)
    start_ms = now_ms - (int(length_ms * done) if running else int((9 - number * 1.1) * DAY_MS))
    end_ms = start_ms + int(length_ms * done)
    steps = np.arange(int(STEPS * done), dtype=np.int64)
    at = np.arange(99, len(steps), 100, dtype=np.int64)
    floor = 1.18 - 0.05 * np.log2(rank) + (0.04 if rate < 2e-4 else 0.0)
    loss = curves.falling(steps, rng, start=3.1, floor=floor, half=260, noise=0.16)
    loss = curves.spiked(loss, rng, count=6, height=1.1)
    held = curves.falling(at, rng, start=2.9, floor=floor + 0.12, half=300, noise=0.012)
    norms = curves.spiked(rng.gamma(4.0, 0.22, len(steps)), rng, count=7, height=14)
    columns = {
        "train/loss": (steps, loss),
        "train/grad_norm": (steps, norms),
        "train/learning_rate": (steps, curves.cosine(steps, rate, 120, STEPS)),
        "train/tokens_per_second": (
            steps,
            curves.wandering(len(steps), rng, level=5_350, spread=90, low=0, high=9e3),
        ),
        "eval/loss": (at, held),
        "eval/perplexity": (at, np.exp(held)),
        "eval/exact_match": (
            at,
            curves.rising(at, rng, top=0.44 + 0.035 * np.log2(rank), half=500, noise=0.008, start=0.05),
        ),
    }
    series = [curves.timed(key, place, values, start_ms, end_ms) for key, (place, values) in columns.items()]
    tags = {
        "mlflow.source.name": "finetune.py", "mlflow.source.type": "JOB", "mlflow.source.git.commit": documents.COMMIT,
        "base_model": "small-1.5b-instruct", "method": "lora", "framework": "pytorch", "device": "4 × A100",
    }  # fmt: skip
    if failed:
        tags["runyard.failure"] = "torch.OutOfMemoryError: CUDA out of memory"
    return RunPlan(
        f"lora-r{rank}-{'hi' if rate == 2e-4 else 'lo'}-{number}",
        start_ms,
        None if running else end_ms,
        "RUNNING" if running else "FAILED" if failed else "FINISHED",
        {
            "lora_rank": str(rank),
            "lora_alpha": str(2 * rank),
            "learning_rate": f"{rate:g}",
            "batch_size": "32",
            "gradient_accumulation": "4",
            "max_length": "2048",
            "warmup_steps": "120",
            "dropout": "0.05",
            "packing": "true",
            "base_model": "small-1.5b-instruct",
            "quantization": ("none", "nf4")[number % 2],
            "seed": "17",
        },
        tags,
        note="Out of memory at step 960 with this rank without quantization." if failed else "",
        series=[*series, *curves.machine(rng, start_ms, end_ms)],
        files=_files(rank, steps, loss, start_ms, end_ms, failed=failed, running=running),
        inputs=[DATA],
    )


def _files(
    rank: int, steps: Ints, loss: Floats, start_ms: int, end_ms: int,
    *, failed: bool, running: bool,
) -> dict[str, bytes]:  # fmt: skip
    files = {"code/packages.txt": documents.packages(), "code/changes.patch": documents.PATCH.encode()}
    for step in range(500, len(steps), 500):
        files[f"samples/step_{step:05d}.md"] = _generations(step)
    lines = [
        f"INFO  step {step:>5}  loss {loss[step]:.4f}  tokens/s {5_300 + step % 97}" for step in steps[::20]
    ]
    if failed:
        lines.append("ERROR torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.95 GiB.")
    files["logs/stdout.txt"] = documents.log_text(start_ms, end_ms, lines)
    if not (failed or running):
        head = ("question", "answer", "exact", "seconds")
        rows = [
            (question, answer, place % 2 == 0, 0.8 + 0.1 * place)
            for place, (question, answer) in enumerate(QUESTIONS * 5)
        ]
        files["eval/answers.json"] = documents.table_json(head, rows)
        files["adapter/adapter_config.json"] = documents.pretty_json(
            {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank}
        )
        files["adapter/README.md"] = (
            b"# Adapter\n\nLoad it with `peft.PeftModel.from_pretrained(base, path)`.\n"
        )
    return files


def _generations(step: int) -> bytes:
    shown = [f"# Generations at step {step}\n"]
    for question, answer in QUESTIONS:
        words = answer.split()
        kept = words[: max(3, int(len(words) * min(1.0, step / 1_500)))]
        more = "" if len(kept) == len(words) else " … and and and"
        shown.append(f"**Q:** {question}\n\n> {' '.join(kept)}{more}\n")
    return "\n".join(shown).encode()
