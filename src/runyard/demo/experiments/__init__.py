"""One module for each experiment of the demo; `plan(now_ms, …)` says what is in it."""
