"""Journals: append-only lanes of batches, one cursor per exporter."""
