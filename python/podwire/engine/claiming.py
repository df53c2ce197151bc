"""What Pods claim, and how the packet core is told of claims."""

from __future__ import annotations

from podwire.capture import Claim
from podwire.engine.parts import Parts
from podwire.model.pods import Pod
from podwire.tables.claims import AddressPort, Place
from podwire.tables.endpoints import Endpoint, EndpointKind

PROTOCOLS = {"TCP": 6, "UDP": 17, "SCTP": 132}
"""Numbers of the protocols that Pods declare ports of (IANA "Protocol Numbers")."""


def age_of(pod: Pod) -> int:
    """Return when the Pod began, nanoseconds since the epoch; 0 where nothing tells."""
    return pod.started_ns or pod.created_ns


def endpoint_of(cluster: str, pod: Pod) -> Endpoint:
    """Return the Pod as the end of connections, without a number yet."""
    is_sharing = pod.host_network and pod.holds_addresses
    return Endpoint(
        number=0,
        kind=EndpointKind.POD,
        cluster=cluster,
        uid=pod.uid,
        namespace=pod.namespace,
        name=pod.name,
        node=pod.node,
        addresses=pod.ips if is_sharing else _own(pod),
        owner_kind=pod.owner_kind,
        owner_name=pod.owner_name,
        owner_uid=pod.owner_uid,
        ports=_ports(pod) if is_sharing else None,
        host_ports=_host_ports(pod) if pod.host_ips else (),
    )


def places_of(pod: Pod | None, *, with_host_ports: bool) -> tuple[Place, ...]:
    """Return what is the Pod's own now.

    A Pod on its node's network shares the node's addresses: there it has the ports that it says it listens on. One with
    a network of its own may have ports of its node lead to it (`hostPort`).
    """
    if pod is None or not pod.holds_addresses:
        return ()
    if not pod.host_network:
        return (*_own(pod), *_host_ports(pod)) if pod.host_ips and with_host_ports else _own(pod)
    return tuple(AddressPort(address, *port) for address in pod.ips for port in _ports(pod))


def tell_core(parts: Parts) -> None:
    """Hand every history that changed to the packet core, and have it kept."""
    while changed := parts.claims.take_changed():
        claims = []
        for cluster, place, spans in changed:
            parts.changed_places.note(cluster, place)
            address, protocol, port = place if isinstance(place, AddressPort) else (place, 0, 0)
            shared = tuple((parts.endpoints.shared(number), since_ns, until_ns) for number, since_ns, until_ns in spans)
            claims.append(Claim(cluster, address, protocol, port, shared))
        parts.capture.set_claims(claims)


def tell_away(parts: Parts) -> None:
    """Tell the packet core which clusters tell nothing at present."""
    clusters = parts.clusters
    since = {number: clusters.away_since(clusters.name(number)) for number in clusters.numbers()}
    parts.capture.set_away([(number, since_ns) for number, since_ns in since.items() if since_ns is not None])


def _own(pod: Pod) -> tuple[str, ...]:
    if pod.host_network or not pod.holds_addresses:
        return ()
    return (*pod.ips, *pod.secondary_ips) if pod.secondary_ips else pod.ips


def _ports(pod: Pod) -> tuple[tuple[int, int], ...]:
    return tuple((PROTOCOLS[each.protocol], each.number) for each in pod.ports if each.protocol in PROTOCOLS)


def _host_ports(pod: Pod) -> tuple[AddressPort, ...]:
    return tuple(
        AddressPort(address, PROTOCOLS[each.protocol], each.host_port)
        for each in pod.ports
        if each.host_port and each.protocol in PROTOCOLS
        for address in ((each.host_ip,) if each.host_ip else pod.host_ips)
    )
