"""Object stores as datastores."""
