"""The journal: what a process logs, kept on its own disk until the server has it."""
