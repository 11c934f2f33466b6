"""Logs over HTTP, so that it needs no environment of its own."""

import json
import os
import sys
import urllib.request

address = os.environ["MLFLOW_TRACKING_URI"].replace("runyard://", "http://").partition("?")[0]
body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "rmse", "value": 0.5, "timestamp": 1}
headers = {
    "Content-Type": "application/json",
    "Authorization": f"Bearer {os.environ['MLFLOW_TRACKING_TOKEN']}",
}
request = urllib.request.Request(
    f"{address}/api/2.0/mlflow/runs/log-metric", json.dumps(body).encode(), headers
)
urllib.request.urlopen(request).read()
print("trained with", sys.argv[1:])
