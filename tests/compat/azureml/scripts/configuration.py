"""Write down where the workspace is, and make one."""

import os

import azureml.core
from azureml.core import Workspace
from azureml.exceptions import UserErrorException, WorkspaceException

print("This script was made for SDK version", azureml.core.VERSION)

subscription_id = os.getenv("SUBSCRIPTION_ID", default="research")
resource_group = os.getenv("RESOURCE_GROUP", default="team")
workspace_name = os.getenv("WORKSPACE_NAME", default="lab")
workspace_region = os.getenv("WORKSPACE_REGION", default="eastus2")

try:
    Workspace.from_config(path="/")
except UserErrorException as problem:
    assert "config.json" in problem.message

server = Workspace.from_config().server
os.environ["RUNYARD_SERVER"] = server

ws = Workspace(subscription_id=subscription_id, resource_group=resource_group, workspace_name=workspace_name)
os.mkdir("elsewhere")
ws.write_config(path="elsewhere")
assert Workspace.from_config(path="elsewhere").name == workspace_name

made = Workspace.create(
    name="lab-two",
    subscription_id=subscription_id,
    resource_group="team-two",
    location=workspace_region,
    create_resource_group=True,
    sku="basic",
    exist_ok=True,
)
assert repr(made) == (
    "Workspace.create(name='lab-two', subscription_id='research', resource_group='team-two')"
)
assert made.location == workspace_region
assert {"lab", "lab-two"} <= set(Workspace.list(subscription_id))
assert Workspace.get("lab-two", subscription_id=subscription_id).resource_group == "team-two"
try:
    Workspace.get("no-such-workspace")
except WorkspaceException as problem:
    print(problem.message)
else:
    raise AssertionError("a workspace was found that is not there")
