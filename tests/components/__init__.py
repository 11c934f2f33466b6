"""Real servers that tests start on loopback ports of their own and stop again by process id."""
