"""Measurements: one folder a case, run by `make bench`. What a case promises, and to whom, is `bars.py`.

A case is a package here with `run(scale) -> Iterator[Figure]`. Nothing here asserts a time: a missed bar is printed, and only a
case that breaks (a record that does not arrive, a daemon that does not start) ends with an error.
"""
