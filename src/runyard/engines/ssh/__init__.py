"""Machines that are reached by SSH as a compute target."""
