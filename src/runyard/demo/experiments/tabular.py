"""A table of customers: many quick scikit-learn runs, folds, reports, a notebook, Parquet and PDF."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import numpy as np

from runyard.demo import curves, documents, pictures
from runyard.demo.model_files import model_folder
from runyard.demo.plan import DAY_MS, HOUR_MS, Data, ExperimentPlan, Registered, RunPlan

NAME = "churn-tabular"
NOTE = """\
Who leaves next month? Baselines on the **customers** table; `roc_auc` decides, `log_loss` breaks ties.

1. linear models first, they are hard to beat
2. trees with early stopping
3. whatever wins is calibrated before it is registered
"""
FAMILIES: Mapping[str, tuple[float, float]] = {  # area under the curve, seconds to fit
    "LogisticRegression": (0.842, 0.6),
    "RandomForestClassifier": (0.871, 9.0),
    "HistGradientBoostingClassifier": (0.893, 3.5),
    "ExtraTreesClassifier": (0.866, 6.0),
    "KNeighborsClassifier": (0.803, 1.2),
    "SVC": (0.851, 28.0),
}
COLUMNS = ("months", "monthly_charge", "calls_to_support", "contract_years", "paperless", "late_payments")
DATA = Data(
    "customers", "b81d00f4", "local", '{"uri": "data/customers.csv"}', '{"num_rows": 7043, "num_elements": 49301}'
)  # fmt: skip


def plan(now_ms: int) -> ExperimentPlan:
    """Thirty runs."""
    runs = []
    for number in range(30):
        rng = np.random.default_rng([12, number])
        start_ms = now_ms - int((13 - number * 0.4) * DAY_MS) - int(rng.integers(0, 3 * HOUR_MS))
        runs.append(_run(number, list(FAMILIES)[number % 6], rng, start_ms))
    return ExperimentPlan(NAME, NOTE, {"team.goal": "keep customers", "domain": "tabular"}, runs)


def customers() -> bytes:
    """The table itself, as CSV."""
    rng = np.random.default_rng(5)
    count = 2_000
    months = rng.integers(1, 72, count)
    charge = np.round(rng.normal(64, 28, count).clip(18, 120), 2)
    calls = rng.poisson(1.4, count)
    years = rng.choice([0, 1, 2], count, p=[0.55, 0.22, 0.23])
    left = rng.random(count) < 1 / (1 + np.exp(0.05 * months - 0.02 * charge - 0.35 * calls + 0.9 * years))
    rows = zip(
        months, charge, calls, years, rng.integers(0, 2, count), rng.poisson(0.3, count), left, strict=True
    )
    return documents.table_csv((*COLUMNS, "left"), [[int(v) if place != 1 else float(v) for place, v in enumerate(row)] for row in rows])  # fmt: skip


def _run(number: int, family: str, rng: np.random.Generator, start_ms: int) -> RunPlan:
    auc, seconds = FAMILIES[family]
    auc = float(np.clip(auc + rng.normal(0, 0.008), 0.5, 0.99))
    fit_s = float(seconds * np.exp(rng.normal(0, 0.3)))
    end_ms = start_ms + int((fit_s * 6 + 4) * 1000)
    failed = number == 11
    scores = {
        "roc_auc": auc, "accuracy": auc - 0.07 + rng.normal(0, 0.004), "f1": auc - 0.21 + rng.normal(0, 0.008),
        "precision": auc - 0.16 + rng.normal(0, 0.01), "recall": auc - 0.25 + rng.normal(0, 0.01),
        "log_loss": 1.28 - auc + rng.normal(0, 0.006), "brier": 0.31 - 0.2 * auc, "fit_seconds": fit_s,
    }  # fmt: skip
    at = np.zeros(1, dtype=np.int64)
    folds = np.arange(5, dtype=np.int64)
    series = [curves.timed(key, at, np.array([value]), end_ms, end_ms) for key, value in scores.items()]
    series.append(curves.timed("fold/roc_auc", folds, auc + rng.normal(0, 0.012, 5), start_ms, end_ms))
    name = f"{family.removesuffix('Classifier')}-{number:02d}"
    tags = {
        "mlflow.source.name": "churn.ipynb", "mlflow.source.type": "NOTEBOOK", "mlflow.source.git.commit": documents.COMMIT,
        "estimator_name": family, "estimator_class": f"sklearn.{family}", "mlflow.autologging": "sklearn",
    }  # fmt: skip
    chosen = {2: 0, 26: 1}.get(number)
    return RunPlan(
        name,
        start_ms,
        end_ms,
        "FAILED" if failed else "FINISHED",
        _params(family, rng),
        {**tags, "runyard.failure": "ValueError: Input X contains NaN."} if failed else tags,
        note="Best so far, calibrated afterwards." if number == 26 else "",
        series=[] if failed else series,
        files=_failure() if failed else _files(number, name, scores, rng, end_ms),
        inputs=[DATA],
        registered=None if chosen is None else _registered(chosen),
        logged_model=("model", "churn-classifier", "sklearn") if chosen is not None else None,
    )


def _params(family: str, rng: np.random.Generator) -> dict[str, str]:
    common = {
        "estimator": family,
        "test_size": "0.2",
        "cv_folds": "5",
        "random_state": "42",
        "scaler": "standard",
    }
    if "Forest" in family or "Trees" in family:
        return {
            **common, "n_estimators": str(rng.choice([200, 400, 800])), "max_depth": str(rng.choice(["None", "8", "16"])),
            "min_samples_leaf": str(rng.choice([1, 2, 5])), "max_features": "sqrt",
        }  # fmt: skip
    if "Boosting" in family:
        rate = rng.choice([0.03, 0.06, 0.1])
        return {
            **common,
            "learning_rate": f"{rate:g}",
            "max_iter": "400",
            "l2_regularization": f"{rng.choice([0.0, 0.1, 1.0]):g}",
        }
    if family == "KNeighborsClassifier":
        return {**common, "n_neighbors": str(rng.choice([5, 11, 21])), "weights": "distance"}
    return {
        **common,
        "C": f"{rng.choice([0.1, 1.0, 10.0]):g}",
        "class_weight": str(rng.choice(["None", "balanced"])),
    }


def _failure() -> dict[str, bytes]:
    text = 'Traceback (most recent call last):\n  File "churn.py", line 58, in fit\nValueError: Input X contains NaN.\n'
    return {"logs/stderr.txt": text.encode(), "code/packages.txt": documents.packages()}


def _files(
    number: int, name: str, scores: Mapping[str, float], rng: np.random.Generator, end_ms: int
) -> dict[str, bytes]:
    weight = np.sort(rng.dirichlet(np.ones(len(COLUMNS)) * 2))[::-1]
    files = {
        "feature_importance.csv": documents.table_csv(
            ("feature", "importance"),
            [(one, round(float(w), 5)) for one, w in zip(COLUMNS, weight, strict=True)],
        ),
        "estimator.json": documents.pretty_json(
            {"name": name, "scores": {k: round(v, 5) for k, v in scores.items()}}
        ),
    }
    if number % 3 == 2:
        x = np.linspace(0, 1, 60)
        curve = pictures.png(
            pictures.lines([(x, x ** ((1 - scores["roc_auc"]) / scores["roc_auc"])), (x, x)])
        )
        files["plots/roc_curve.png"] = curve
        files["report.html"] = documents.report_html(f"Scores of {name}", dict(list(scores.items())[:7]))
        files["notebook.ipynb"] = _notebook(name, scores, curve)
    if number % 6 == 2:
        lines = [f"{key:<14} {value:8.4f}" for key, value in scores.items()]
        files["report.pdf"] = documents.pdf(f"Model card: {name}", ["Who leaves next month?", "", *lines])
        predicted = rng.random(1_000)
        table = documents.parquet(
            {
                "customer": [f"C{row:05d}" for row in range(1_000)],
                "probability": predicted.tolist(),
                "left": (rng.random(1_000) < predicted).tolist(),
            }
        )
        if table is not None:
            files["predictions.parquet"] = table
    if number in (2, 26):
        files |= model_folder("model", end_ms, COLUMNS, rng.normal(0, 1, 6).tolist(), -0.4)
    return files


def _notebook(name: str, scores: Mapping[str, float], picture: bytes) -> bytes:
    printed = "".join(f"{key:<12}{value:.4f}\n" for key, value in scores.items())
    cells = [
        (
            "import pandas as pd\n\ntable = pd.read_csv('data/customers.csv')\nprint(table.shape)",
            "(7043, 7)\n",
        ),
        ("## Fit\nFive folds, the same split as all other runs.", ""),
        (
            "scores = evaluate(model, table)\nfor key, value in scores.items():\n    print(f'{key:<12}{value:.4f}')",
            printed,
        ),
    ]
    return documents.notebook(f"Churn: {name}", cells, base64.b64encode(picture).decode())


def _registered(version: int) -> Registered:
    return Registered(
        "churn-classifier",
        "model",
        "Probability that a customer leaves within a month.",
        ("First one in use.", "Gradient boosting, calibrated.")[version],
        (("champion",), ("challenger",))[version],
        {"owner.approved": ("yes", "pending")[version]},
    )
