"""How a function of the kernel says that a case is not for it."""


class Unusual(Exception):
    """Something came that only the reference knows what to make of; it is asked instead."""
