"""Graphs: nodes with features, and weighted edges of one or several relations."""

from haarmonic._haarmonic import Graph, read_edges, read_tu

__all__ = ["Graph", "read_edges", "read_tu"]
