"""What a script needs on its machine: a Python and packages, made once and kept for all jobs that need the same."""
