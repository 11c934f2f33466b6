"""The server's own machine as a compute target."""
