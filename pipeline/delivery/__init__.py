"""The way of a batch: consume path (receiver to journal) and send path (journal to destination)."""
