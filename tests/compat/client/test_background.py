"""Logging from background threads of the client: asynchronous calls and system metrics."""

import time

import mlflow
from mlflow.entities import Metric, Param, RunTag
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor


def test_asynchronous_metrics_all_arrive(client, experiment):
    with mlflow.start_run() as run:
        for step in range(300):
            mlflow.log_metric("m", step, step=step, synchronous=False)
        mlflow.flush_async_logging()
    history = client.get_metric_history(run.info.run_id, "m")
    assert sorted(m.step for m in history) == list(range(300))


def test_asynchronous_params_and_tags_arrive(client, run):
    waits = [client.log_param(run, f"p{i}", i, synchronous=False) for i in range(120)]
    waits += [client.set_tag(run, f"t{i}", i, synchronous=False) for i in range(120)]
    waits.append(client.log_batch(run, [Metric("m", 1, 1, 1)], [Param("x", "1")], [RunTag("y", "2")], False))
    for wait in waits:
        wait.wait()
    data = client.get_run(run).data
    assert (len(data.params), data.metrics, data.tags["t119"]) == (121, {"m": 1.0}, "119")


def test_asynchronous_logging_by_default(client, experiment):
    mlflow.config.enable_async_logging(True)
    try:
        with mlflow.start_run() as run:
            mlflow.log_params({f"p{i}": i for i in range(100)})
            mlflow.log_metrics({f"m{i}": i for i in range(100)})
            mlflow.set_tags({f"t{i}": i for i in range(50)})
            mlflow.flush_async_logging()
    finally:
        mlflow.config.enable_async_logging(False)
    data = client.get_run(run.info.run_id).data
    assert (len(data.params), len(data.metrics)) == (100, 100)


def test_system_metrics_are_logged(client, experiment):
    with mlflow.start_run() as run:
        monitor = SystemMetricsMonitor(run.info.run_id, sampling_interval=0.1, samples_before_logging=1)
        monitor.start()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not client.get_run(run.info.run_id).data.metrics:
            time.sleep(0.1)
        monitor.finish()
    metrics = client.get_run(run.info.run_id).data.metrics
    assert "system/cpu_utilization_percentage" in metrics
    assert "system/system_memory_usage_megabytes" in metrics
