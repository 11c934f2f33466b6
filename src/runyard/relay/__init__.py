"""The relay: a way into the journal for programs that speak MLflow over HTTP, and `runyard exec`."""
