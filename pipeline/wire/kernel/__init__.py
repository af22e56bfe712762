"""The wire API compiled: the same functions as in `reference`, with the same results, at the speed of memory."""
