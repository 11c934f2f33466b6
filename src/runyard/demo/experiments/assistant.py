"""An assistant in use: traces of its calls with feedback, and two evaluations of it."""

from __future__ import annotations

import json

import numpy as np

from runyard.demo import curves, documents
from runyard.demo.plan import DAY_MS, MINUTE_MS, ExperimentPlan, RunPlan, Span, TracePlan

NAME = "support-assistant"
NOTE = "Traces of the assistant that answers questions from the documentation, with what its readers said of the answers."
ASKED = (
    ("How do I move a workspace to another server?", "Export it with `runyard export`, and import the folder there."),
    ("Why is my run still RUNNING?", "Its process has not said that it ended; after two minutes of silence it becomes FAILED."),
    ("Can two runs share an artifact?", "Not by themselves. Log it to one and refer to it from the other."),
    ("What is an alias good for?", "Code asks for `models:/name@champion` and need not know the number of the version."),
    ("Is there a limit for a metric's points?", "None that you would meet: ten million points in a series are read in pages."),
    ("How do I share a chart?", "Copy the page's address: it holds the filters, the columns and the zoom."),
)  # fmt: skip


def plan(now_ms: int) -> ExperimentPlan:
    """Three dozen traces and two runs."""
    rng = np.random.default_rng(17)
    traces = [_trace(number, rng, now_ms - int((36 - number) * 97 * MINUTE_MS)) for number in range(36)]
    runs = [_evaluation(number, rng, now_ms - int((3 - 2 * number) * DAY_MS)) for number in range(2)]
    return ExperimentPlan(NAME, NOTE, {"team.goal": "answer questions", "domain": "language"}, runs, traces)


def _trace(number: int, rng: np.random.Generator, start_ms: int) -> TracePlan:
    question, answer = ASKED[number % len(ASKED)]
    found, thought = int(rng.gamma(3.0, 25.0)) + 20, int(rng.gamma(4.0, 220.0)) + 250
    broken = number % 12 == 7
    end = found + thought + 30
    pages = [
        {"page": f"docs/howto-{place}.md", "score": round(float(rng.uniform(0.5, 0.95)), 3)}
        for place in ("offline", "data", "access")
    ]
    said = json.dumps({"role": "assistant", "content": answer})
    error = "TimeoutError: the model did not answer within 30 s" if broken else ""
    spans = (
        Span("answer", "CHAIN", 0, end, json.dumps({"question": question}), "" if broken else json.dumps(answer), None, error),
        Span("search_docs", "RETRIEVER", 8, 8 + found, json.dumps({"query": question}), json.dumps(pages), 0),
        Span("rerank", "RERANKER", 8 + found, 16 + found, json.dumps(pages), json.dumps(pages[:2]), 0),
        Span("complete", "LLM", 18 + found, end - 4, json.dumps([{"role": "user", "content": question}]), "" if broken else said, 0, error),
    )  # fmt: skip
    feedback = None
    if not broken and number % 2 == 0:
        good = bool(rng.random() < 0.75)
        feedback = ("helpful", good, "Right, and short." if good else "Does not answer what was asked.")
    return TracePlan(
        start_ms, spans, {"channel": ("web", "chat")[number % 2], "release": f"1.{number // 12}"}, feedback
    )


def _evaluation(number: int, rng: np.random.Generator, start_ms: int) -> RunPlan:
    at = np.zeros(1, dtype=np.int64)
    end_ms = start_ms + 6 * MINUTE_MS
    scores = {
        "correctness/mean": 0.71 + 0.08 * number,
        "relevance/mean": 0.83 + 0.03 * number,
        "latency_p90_s": 1.9 - 0.3 * number,
    }
    rows = [(question, answer, bool(rng.random() < scores["correctness/mean"])) for question, answer in ASKED]
    return RunPlan(
        f"evaluation-{number + 1}",
        start_ms,
        end_ms,
        params={"judge": "exact + reader", "questions": str(len(rows)), "prompt_version": str(number + 1)},
        tags={"mlflow.source.name": "evaluate.py", "mlflow.runType": "evaluation"},
        series=[curves.timed(key, at, np.array([value]), end_ms, end_ms) for key, value in scores.items()],
        files={"eval_results_table.json": documents.table_json(("question", "answer", "correct"), rows)},
    )
