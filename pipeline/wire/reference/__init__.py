"""The wire API in plain Python: the specification, the oracle of differential tests, and the fallback."""
