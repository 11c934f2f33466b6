"""`python -m runyard`."""

from runyard.cli.main import main

main(prog_name="runyard")
