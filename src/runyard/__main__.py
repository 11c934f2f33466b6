"""`python -m runyard`."""

from runyard.cli.start import runyard

runyard()
