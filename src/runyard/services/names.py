"""Names for runs that were given none; the client gives them too."""

from runyard.entities.run_names import random_run_name as random_run_name
