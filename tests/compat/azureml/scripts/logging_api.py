"""Everything that a run can log."""

import io
import math

import azureml.core
import matplotlib
from azureml.core import Experiment, Run, Workspace

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

print("SDK version:", azureml.core.VERSION)
ws = Workspace.from_config()
print(ws.name, ws.location, ws.subscription_id, ws.resource_group, sep="\n")
experiment = Experiment(workspace=ws, name="logging-api-test")
print(experiment)

run = experiment.start_logging()

run.log(name="message", value="Hello from the script")
run.log(name="scale factor", value=2)
for step in range(3):
    run.log(name="loss", value=1 / (step + 1))

fibonacci = [0, 1, 1, 2, 3, 5, 8]
run.log_list(name="Fibonacci", value=(number for number in fibonacci))

angles = [0.0, 1.0, 2.0]
for angle in angles:
    run.log_row(name="Cosine Wave", angle=angle, cos=math.cos(angle))
sines = {"angle": angles, "sine": [math.sin(angle) for angle in angles]}
run.log_table(name="Sine Wave", value=sines)

plt.plot(angles, sines["sine"])
run.log_image(name="Sine plot", plot=plt)
plt.savefig("saved.png")
run.log_image(name="Saved plot", path="saved.png")

with open("my_first_file.txt", "w") as file:
    file.write("some text")
run.upload_file(name="files/my_first_file.txt", path_or_stream="my_first_file.txt")
run.upload_file(name="files/from_memory.txt", path_or_stream=io.BytesIO(b"some bytes"))

run.complete()

fetched = Run(experiment=experiment, run_id=run.id)
metrics = fetched.get_metrics()
assert metrics["message"] == "Hello from the script"
assert metrics["scale factor"] == 2
assert metrics["loss"] == [1, 1 / 2, 1 / 3]
assert metrics["Fibonacci"] == fibonacci
assert metrics["Cosine Wave"] == {"angle": angles, "cos": [math.cos(angle) for angle in angles]}
assert metrics["Sine Wave"] == sines
assert metrics["Sine plot"].startswith("aml://artifactId/ExperimentRun/dcid.")
assert fetched.get_metrics(name="Fibonacci") == {"Fibonacci": fibonacci}

names = fetched.get_file_names()
assert {"files/my_first_file.txt", "files/from_memory.txt"} <= set(names)
fetched.download_file(name="files/from_memory.txt", output_file_path="downloaded.txt")
assert open("downloaded.txt", "rb").read() == b"some bytes"

fetched.tag("My tag", "is here")
assert fetched.get_tags()["My tag"] == "is here"
