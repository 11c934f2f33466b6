"""The durable queue: claim with lease, work outside the transaction, apply guarded; one poller for each target."""
