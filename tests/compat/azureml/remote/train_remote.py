"""The notebook train-remote, step by step, and what it leaves behind."""

import azureml.core
import mlflow
from azureml.core import Experiment, ScriptRunConfig, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.compute_target import ComputeTargetException
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.environment import Environment

print("SDK version:", azureml.core.VERSION)
ws = Workspace.from_config()

cpu_cluster_name = "cpu-cluster"
try:
    cpu_cluster = ComputeTarget(workspace=ws, name=cpu_cluster_name)
    print("Found existing cpu-cluster")
except ComputeTargetException:
    print("Creating new cpu-cluster")
    compute_config = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", min_nodes=0, max_nodes=1)
    cpu_cluster = ComputeTarget.create(ws, cpu_cluster_name, compute_config)
    cpu_cluster.wait_for_completion(show_output=True)
assert cpu_cluster.provisioning_state == "Succeeded" and cpu_cluster.provisioning_errors is None
assert ws.compute_targets[cpu_cluster_name].vm_size == "STANDARD_D2_V2"
assert cpu_cluster.get_status().serialize()["scaleSettings"]["maxNodeCount"] == 1

experiment_name = f"train-remote-{mlflow.__version__.replace('.', '-')}"
exp = Experiment(workspace=ws, name=experiment_name)

mlflow_env = Environment(name="mlflow-env")
mlflow_env.docker.enabled = True
cd = CondaDependencies.create(
    conda_packages=["scikit-learn", "matplotlib"], pip_packages=["azureml-mlflow", "numpy"]
)
mlflow_env.python.conda_dependencies = cd

src = ScriptRunConfig(source_directory="source", script="train_diabetes.py")
src.run_config.environment = mlflow_env
src.run_config.target = cpu_cluster.name

run = exp.submit(src)
run.wait_for_completion(show_output=True)
print(run)
metrics = run.get_metrics()
assert set(metrics) == {"Training samples", "Test samples", "alpha", "mse"}, metrics
assert metrics["Training samples"] == 353 and metrics["alpha"] == 0.03
assert "actuals_vs_predictions.png" in run.get_file_names(), run.get_file_names()
assert [one.id for one in exp.get_runs()] == [run.id]
ws.get_details()
details = run.get_details()
assert (details["target"], details["status"]) == (cpu_cluster_name, "Completed")
assert "azureml-logs/20_image_build_log.txt" in details["logFiles"]
assert run.type == "azureml.scriptrun" and run.get_environment().name == "mlflow-env"

# As later releases say it
src = ScriptRunConfig(
    source_directory="source",
    script="train_diabetes.py",
    compute_target=cpu_cluster,
    environment=mlflow_env.register(ws),
)
again = exp.submit(src)
assert again.get_environment().version == "1"
again.cancel()
assert again.wait_for_completion()["status"] == "Canceled"

mlflow.set_tracking_uri(ws.get_mlflow_tracking_uri())
seen = mlflow.MlflowClient().get_run(run.id)
assert seen.info.status == "FINISHED" and seen.data.metrics["mse"] == metrics["mse"]
assert seen.data.tags["mlflow.source.type"] == "JOB"
