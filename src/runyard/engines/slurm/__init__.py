"""Slurm: jobs go through sbatch, on the server's machine or on a login node, and one runner starts on each node."""
