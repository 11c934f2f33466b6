"""The script of the notebook train-remote: MLflow alone."""

import matplotlib
import mlflow
import mlflow.sklearn
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split

with mlflow.start_run():
    X, y = load_diabetes(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
    mlflow.log_metric("Training samples", len(X_train))
    mlflow.log_metric("Test samples", len(X_test))
    mlflow.log_metric("alpha", 0.03)
    model = Ridge(alpha=0.03).fit(X_train, y_train)
    preds = model.predict(X_test)
    mlflow.log_metric("mse", mean_squared_error(y_test, preds))
    mlflow.sklearn.log_model(model, "model")
    figure = plt.figure(1)
    order = np.argsort(y_test)
    plt.plot(y_test[order], preds[order])
    figure.savefig("actuals_vs_predictions.png")
    mlflow.log_artifact("actuals_vs_predictions.png")
    print("done")
