"""The addresses that stand for a node, beside those that its Node object lists."""

from __future__ import annotations

from msgspec import Struct


class NodeAddresses(Struct, frozen=True):
    """What stands for one node, each address once, in canonical form."""

    own: tuple[str, ...] = ()
    """Of its Node object: internal and external."""
    outer: tuple[str, ...] = ()
    """Where its tunnel packets may come from: its own, and what plugins say beside them."""
    tunnel: tuple[str, ...] = ()
    """What it speaks to Pods from: the addresses of its tunnel devices."""

    @property
    def all(self) -> tuple[str, ...]:
        """Every address that stands for the node."""
        return tuple(dict.fromkeys((*self.outer, *self.tunnel)))
