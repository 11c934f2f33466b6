"""Train on this machine, log with MLflow, and look at the experiment through the SDK."""

import azureml.core
import matplotlib
import mlflow
import mlflow.sklearn
from azureml.core import Workspace
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

print("SDK version:", azureml.core.VERSION)

ws = Workspace.from_config()

mlflow.set_tracking_uri(ws.get_mlflow_tracking_uri())

experiment_name = "experiment-with-mlflow"
mlflow.set_experiment(experiment_name)

X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0)

with mlflow.start_run() as run:
    alpha = 0.03
    mlflow.log_metric("alpha", alpha)

    model = Ridge(alpha=alpha)
    model.fit(X_train, y_train)
    predictions = model.predict(X_test)
    mlflow.log_metric("mse", mean_squared_error(y_test, predictions))

    mlflow.sklearn.log_model(model, "model")

    figure = plt.figure(1)
    plt.scatter(y_test, predictions)
    plt.plot(range(300), range(300))
    figure.savefig("actuals_vs_predictions.png")
    mlflow.log_artifact("actuals_vs_predictions.png")

experiment = ws.experiments[experiment_name]
print(experiment)
assert "<a href" in experiment._repr_html_()

runs = list(experiment.get_runs())
assert [one.id for one in runs] == [run.info.run_id]
metrics = runs[0].get_metrics()
assert metrics["alpha"] == 0.03
assert 2000 < metrics["mse"] < 5000
assert "actuals_vs_predictions.png" in runs[0].get_file_names()
assert runs[0].get_status() == "Completed"
