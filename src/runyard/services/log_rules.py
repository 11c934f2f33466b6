"""Rules for what is logged to runs, whichever way it comes: those of `entities.log_rules`, which clients check too."""

from runyard.entities.log_rules import TAGS_LIMIT as TAGS_LIMIT
from runyard.entities.log_rules import LogRules as LogRules
from runyard.entities.log_rules import check_batch as check_batch
from runyard.entities.log_rules import named_tags as named_tags
from runyard.entities.log_rules import parse_status as parse_status
