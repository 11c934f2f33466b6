"""Runyard against its peers in one run: the same loads, interleaved, on loopback. `make bench` runs `python -m bench`."""
