"""Start, watch, tag, nest, cancel and fail runs."""

import azureml.core
from azureml.core import Experiment, Run, Workspace
from azureml.exceptions import AzureMLException

print("SDK version:", azureml.core.VERSION)
ws = Workspace.from_config()
exp = Experiment(workspace=ws, name="explore-runs")

notebook_run = exp.start_logging()
notebook_run.log(name="message", value="Hello from the script!")
print(notebook_run.get_status())
assert notebook_run.get_status() == "Running"
notebook_run.complete()
details = notebook_run.get_details()
assert details["runId"] == notebook_run.id
assert details["status"] == "Completed"
assert details["startTimeUtc"].endswith("Z")

with exp.start_logging() as run:
    run.log(name="accuracy", value=0.9)
assert run.get_status() == "Completed"

run.add_properties({"author": "a-person"})
assert run.get_properties()["author"] == "a-person"
try:
    run.add_properties({"author": "another-person"})
except AzureMLException as problem:
    print(problem.message)
else:
    raise AssertionError("a property was set twice")

run.tag("quality", "great run")
run.tag("quality", "fantastic run")
run.tag("worth another look")
tags = run.get_tags()
assert tags["quality"] == "fantastic run"
assert tags["worth another look"] is None

assert [one.id for one in exp.get_runs(properties={"author": "a-person"})] == [run.id]
assert [one.id for one in exp.get_runs(tags={"quality": "fantastic run"})] == [run.id]
assert [one.id for one in exp.get_runs(tags="worth another look")] == [run.id]

with exp.start_logging() as parent:
    for one in parent.create_children(count=5):
        one.log(name="message", value="child")
        one.complete()
    with parent.child_run() as child:
        child.log(name="hello", value="from the child")
assert len(list(parent.get_children())) == 6
assert child.parent is not None and child.parent.id == parent.id

local_run = exp.start_logging()
local_run.cancel()
assert local_run.get_status() == "Canceled"

failed = exp.start_logging()
failed.fail(error_details="it did not converge")
assert failed.get_status() == "Failed"

again = Run(exp, run.id)
assert again.get_metrics() == {"accuracy": 0.9}
assert str(again).startswith("Run(Experiment: explore-runs,\nId: ")
