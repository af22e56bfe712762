"""Writing the few protobuf fields that answers need."""


def message(number: int, content: bytes) -> bytes:
    """Return a length-delimited field: a message, string or bytes."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def integer(number: int, value: int) -> bytes:
    """Return a field of a non-negative integer; nothing for 0, the default."""
    return _varint(number << 3) + _varint(value) if value else b""


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
