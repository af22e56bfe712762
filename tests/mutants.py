"""Payloads with faults in them."""

from random import Random


def mutated(payload: bytes, random: Random) -> bytes:
    """Return a payload with one or two faults: bytes changed, cut out, put in, doubled, or the end cut off."""
    data = bytearray(payload)
    for _ in range(random.randint(1, 2)):
        at = random.randrange(len(data) + 1)
        end = at + random.randint(1, 6)
        match random.randrange(5):
            case 0:
                data[at:end] = random.randbytes(len(data[at:end]))
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = random.randbytes(end - at)
            case 3:
                data[at:at] = data[at : at + 4 * (end - at)]
            case _:
                if data:
                    data[at % len(data)] ^= 1 << random.randrange(8)
    return bytes(data)
