"""Exporters: one file a type, named as in the YAML."""
