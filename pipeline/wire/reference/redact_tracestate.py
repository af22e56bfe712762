"""Tracestate after redaction: what it holds must stay legal (W3C Trace Context, section 3.3)."""

import re
from typing import Final

_MEMBER: Final = re.compile(rb"[ \t]*[a-z0-9][a-z0-9_\-*/@]{0,255}=[ -+\--<>-~]{0,255}[!-+\--<>-~][ \t]*")


def legal_tracestate(redacted: bytes) -> bytes:
    """Return the members that are legal: a replacement inside a key takes its whole member away."""
    return b",".join(member for member in redacted.split(b",") if _MEMBER.fullmatch(member))
