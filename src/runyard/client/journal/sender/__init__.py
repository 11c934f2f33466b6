"""The process that sends a journal: small, on its own, and there until the last record has arrived."""
