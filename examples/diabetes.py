"""Predict the progress of diabetes, and keep every run: plain scikit-learn and plain mlflow, nothing of Runyard.

    MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python examples/diabetes.py

Trains a small grid of models on the data set that ships with scikit-learn (442 patients, 10 standardised features),
logs parameters, metrics per epoch, tags, a figure and the model, reads all of it back through the client and prints
the runs and the best one. Errors are root mean squares, in the unit of the target (a score from 25 to 346).
"""

from __future__ import annotations

import itertools

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import sklearn
from mlflow.entities import Run
from mlflow.models import infer_signature
from sklearn.datasets import load_diabetes
from sklearn.linear_model import SGDRegressor
from sklearn.model_selection import train_test_split

EXPERIMENT = "diabetes"
RATES = (0.001, 0.01, 0.1)
PENALTIES = (0.0001, 0.01)
EPOCHS = 30
SCALE = 20  # the features come with a standard deviation of 1/sqrt(442); about 1 suits gradient descent


def main() -> None:
    """Train the grid, then show what the server holds of it."""
    mlflow.set_experiment(EXPERIMENT)
    data = load_diabetes()
    parts = train_test_split(data.data * SCALE, data.target, test_size=0.25, random_state=0)
    made = [train(rate, penalty, *parts) for rate, penalty in itertools.product(RATES, PENALTIES)]
    print_runs(made)
    print_best(made, parts[1], parts[3])


def train(
    rate: float,
    penalty: float,
    x_train: np.ndarray,
    x_test: np.ndarray,
    y_train: np.ndarray,
    y_test: np.ndarray,
) -> str:
    """One run: `EPOCHS` passes of stochastic gradient descent. Returns: the run's id."""
    center, spread = y_train.mean(), y_train.std()
    with mlflow.start_run(run_name=f"sgd-{rate:g}-{penalty:g}") as run:
        mlflow.log_params({"learning_rate": rate, "alpha": penalty, "epochs": EPOCHS})
        mlflow.set_tags({"model": "SGDRegressor", "data": "sklearn.datasets.load_diabetes"})
        model = SGDRegressor(learning_rate="constant", eta0=rate, alpha=penalty, random_state=0)
        for epoch in range(EPOCHS):
            model.partial_fit(x_train, (y_train - center) / spread)
            errors = {
                "train_rmse": rmse(model.predict(x_train) * spread + center, y_train),
                "test_rmse": rmse(model.predict(x_test) * spread + center, y_test),
            }
            mlflow.log_metrics(errors, step=epoch)
        log_figure(model.predict(x_test) * spread + center, y_test)
        signature = infer_signature(x_test, model.predict(x_test))
        needs = [f"scikit-learn=={sklearn.__version__}", f"numpy=={np.__version__}"]
        mlflow.sklearn.log_model(model, name="model", signature=signature, pip_requirements=needs)
        return str(run.info.run_id)


def rmse(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Root mean square of the differences of two arrays of shape (n,)."""
    return float(np.sqrt(np.mean((predicted - truth) ** 2)))


def log_figure(predicted: np.ndarray, truth: np.ndarray) -> None:
    """Keep a scatter plot of predictions over truth, both of shape (n,), with the active run."""
    figure, axes = plt.subplots()
    axes.scatter(truth, predicted, s=8)
    axes.plot([25, 346], [25, 346])
    axes.set(xlabel="truth", ylabel="prediction")
    mlflow.log_figure(figure, "predictions.png")
    plt.close(figure)


def print_runs(made: list[str]) -> None:
    """A table of this session's runs, best first, as the server answers them."""
    print(f"\n{'run':<18} {'learning rate':>13} {'alpha':>8} {'train rmse':>11} {'test rmse':>10}")
    for run in found(made):
        params, metrics = run.data.params, run.data.metrics
        print(
            f"{run.info.run_name:<18} {params['learning_rate']:>13} {params['alpha']:>8} "
            f"{metrics['train_rmse']:>11.2f} {metrics['test_rmse']:>10.2f}"
        )


def print_best(made: list[str], x_test: np.ndarray, y_test: np.ndarray) -> None:
    """Read the best run back: its history, its files, and the model itself, which must predict as it did."""
    best = found(made)[0]
    client = mlflow.MlflowClient()
    history = client.get_metric_history(best.info.run_id, "test_rmse")
    files = [file.path for file in client.list_artifacts(best.info.run_id)]
    model = mlflow.sklearn.load_model(f"runs:/{best.info.run_id}/model")
    correlation = np.corrcoef(model.predict(x_test), y_test)[0, 1]
    print(f"\nBest run: {best.info.run_name} ({best.info.run_id})")
    print(f"  test rmse {history[0].value:.2f} -> {history[-1].value:.2f} over {len(history)} epochs")
    print(
        f"  files: {', '.join(files)}; the model, loaded again, correlates {correlation:.2f} with the truth"
    )


def found(made: list[str]) -> list[Run]:
    """The runs with these ids, best first, by a search on the server."""
    experiment = mlflow.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    runs = mlflow.search_runs(
        [experiment.experiment_id],
        filter_string="status = 'FINISHED'",
        order_by=["metrics.test_rmse ASC"],
        output_format="list",
    )
    return [run for run in runs if run.info.run_id in made]


if __name__ == "__main__":
    main()
