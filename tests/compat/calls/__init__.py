"""Tables of raw HTTP calls, one file per noun; `recorded/` holds what a stock server answered to each."""

from . import (
    artifacts,
    batches,
    experiments,
    history,
    history_interval,
    inputs,
    logged_models,
    metrics,
    model_versions,
    other_clients,
    params_and_tags,
    protocol,
    registered_models,
    runs,
    search_runs,
    traces,
    traces_metrics,
    traces_v2,
)
from .call import Call

GROUPS: dict[str, tuple[Call, ...]] = {
    module.__name__.rpartition(".")[2]: tuple(module.CALLS)
    for module in (
        artifacts,
        batches,
        experiments,
        history,
        history_interval,
        inputs,
        logged_models,
        metrics,
        model_versions,
        other_clients,
        params_and_tags,
        protocol,
        registered_models,
        runs,
        search_runs,
        traces,
        traces_metrics,
        traces_v2,
    )
}
