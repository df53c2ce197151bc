"""Addresses in the one form in which they are compared."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable


def canonical(text: str) -> str:
    """Return an address in its canonical form (RFC 5952), or an empty text for what is none.

    An IPv4 address with leading zeros is none: readers disagree on whether they are octal.
    """
    try:
        # This is the common case, and several times faster than the module below.
        return socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, text))
    except (OSError, ValueError):
        pass
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def canonical_all(texts: Iterable[str | None]) -> tuple[str, ...]:
    """Return the addresses among `texts` in canonical form, each once."""
    found = [canonical(text) for text in texts if text]
    return tuple(dict.fromkeys(each for each in found if each))
