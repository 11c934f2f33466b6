"""Rules for names, keys and sizes that several nouns share. The limits are MLflow's."""

from __future__ import annotations

from runyard.entities.experiment import DEFAULT_EXPERIMENT_ID
from runyard.entities.experiment import parse_experiment_id as parse_experiment_id
from runyard.entities.log_rules import KEY_LIMIT as KEY_LIMIT
from runyard.entities.log_rules import PARAM_VALUE_LIMIT as PARAM_VALUE_LIMIT
from runyard.entities.log_rules import TAG_VALUE_LIMIT as TAG_VALUE_LIMIT
from runyard.entities.log_rules import KeyChecker as KeyChecker
from runyard.entities.log_rules import check_key as check_key
from runyard.entities.log_rules import check_length as check_length
from runyard.entities.log_rules import check_text as check_text
from runyard.entities.search.limits import SEARCH_LIMIT as SEARCH_LIMIT
from runyard.entities.search.limits import check_max_results as check_max_results
from runyard.entities.search.limits import parse_view_type as parse_view_type
from runyard.services.context import Context

EXPERIMENT_TAG_VALUE_LIMIT = 20_000
REGISTRY_TAG_VALUE_LIMIT = 100_000
NAME_LIMIT = 500


def experiment_of(ctx: Context, value: str | int) -> int:
    """As `parse_experiment_id`; 0 means the default experiment of the workspace.

    Clients that choose no experiment send 0, whatever the workspace.
    """
    number = parse_experiment_id(value)
    return ctx.default_experiment if number == DEFAULT_EXPERIMENT_ID else number
