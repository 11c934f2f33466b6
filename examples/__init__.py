"""Programs to read and run; `make run` starts with demo.py."""
