"""Metric series without I/O: packed points, folded summaries, chunks, compaction plans, history and samples."""
