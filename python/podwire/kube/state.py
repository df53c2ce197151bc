"""How the connection to a cluster stands, in one record."""

from __future__ import annotations

from msgspec import Struct

CONNECTING = "connecting"
CONNECTED = "connected"


class ClusterState(Struct, frozen=True):
    """The state of one Kubernetes connection."""

    state: str = CONNECTING
    """connecting or connected; or what is wrong: no-kubeconfig, bad-kubeconfig, unreachable, certificate, unauthorized,
    forbidden, error."""
    error: str = ""
    """One sentence: what is wrong and what to do. Empty while nothing is."""
    warning: str = ""
    """One sentence on a connection that works but should not be trusted: without TLS, or unverified."""
    server: str = ""
    version: str = ""
    """`gitVersion` of the API server."""
    pods: int = 0
    nodes: int = 0
    services: int = 0
    last_event_ns: int | None = None
    """When the server last said anything about Pods, in nanoseconds since the epoch; bookmarks count."""
    denied: tuple[str, ...] = ()
    """What exists but may not be read: `plural.group`, or `configmaps/namespace/name`."""
    costs: tuple[str, ...] = ()
    """What that costs, one sentence for those that cost the same."""
    retry_at_ns: int | None = None
    """When the server is asked next, in nanoseconds since the epoch, while it is not connected."""
    skew_ns: int = 0
    """How far the server's clock is ahead of ours, in nanoseconds, within a second of the truth."""
    undecodable: int = 0
    """Objects that were left out because their fields have unexpected types."""
