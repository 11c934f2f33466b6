"""Engines start jobs on machines: one folder each, a pure builder of requests and a thin call. They never import one another."""
