"""How often an address may fail to log in. Time is an argument."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque

MOST_FAILURES = 5
"""Failed logins from one address within PERIOD_NS after which it has to wait."""
PERIOD_NS = 60_000_000_000
MOST_ADDRESSES = 10_000
"""Addresses that are remembered; of more, the one that failed longest ago is forgotten."""


class LoginLimits:
    """Remembers the failures of each address; one that has too many is not even asked for its password."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[int]] = OrderedDict()

    def is_blocked(self, address: str, now_ns: int) -> bool:
        """Say whether the address has to wait."""
        times = self._failures.get(_network(address), deque())
        return len(times) == MOST_FAILURES and now_ns - times[0] < PERIOD_NS

    def failed(self, address: str, now_ns: int) -> None:
        """Count a failure."""
        network = _network(address)
        times = self._failures.pop(network, None) or deque(maxlen=MOST_FAILURES)
        times.append(now_ns)
        self._failures[network] = times
        if len(self._failures) > MOST_ADDRESSES:
            self._failures.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Forget the failures of the address."""
        self._failures.pop(_network(address), None)


def _network(address: str) -> str:
    """Return what counts as one address: of IPv6 the first 64 bits, which one host has to itself."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network(f"{parsed}/64", strict=False))
