"""Statements that bring whole records in and take them out, one file per noun."""
