"""Imported before all else: nothing of Runyard's works in a mixture with the genuine SDK, or without Runyard itself."""

import azureml

try:
    from runyard.client.azureml_names import check
except ModuleNotFoundError as exc:
    if exc.name is None or exc.name.partition(".")[0] != "runyard":
        raise
    raise ModuleNotFoundError(
        "These packages named azureml are Runyard's, and the package runyard that they need is not installed here. Install "
        "it from your Runyard server's index: pip install --extra-index-url http://SERVER/simple/ runyard",
        name=exc.name,
    ) from None

check(azureml)
