"""Turns Pods and Nodes into claims: "this address is that endpoint, from then until then".

Claims go to the table of claims, which keeps who had an address when, and from there to the packet core, which judges
connections by them. A Pod claims its addresses from its start, and gives them up when it ends or is removed; only the
same UID can end a claim. A Pod on its node's network claims the ports that it declares.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from podwire.engine.arrivals import Arrivals
from podwire.engine.claiming import age_of as _age
from podwire.engine.claiming import endpoint_of, places_of, tell_core
from podwire.engine.parts import Parts
from podwire.model.evidence import Node
from podwire.model.nodes import NodeAddresses
from podwire.model.pods import Pod
from podwire.tables.claims import AddressPort, Place, Sight
from podwire.tables.endpoints import Endpoint, EndpointKind

_SETTLING_NS = 10_000_000_000
"""How long after its start a Pod that is first seen with an address may not have had it yet."""

_GHOSTLY_NS = 30_000_000_000
"""How long a Pod whose end was not seen may go on running with an address that nobody knows of."""


class ClusterNaming:
    """The claims of one cluster."""

    def __init__(self, cluster: str, parts: Parts) -> None:
        self._cluster = cluster
        self._number = parts.clusters.number(cluster)
        self._parts = parts
        self._endpoints = parts.endpoints
        self._claims = parts.claims
        self._arrivals = Arrivals()
        self._hidden_ns = 0
        """Until then, somebody who was never seen may have had any address."""
        self._maps_host_ports = False
        """Whether ports of nodes are known to lead to the Pods that ask for them."""
        self._shared: tuple[str, ...] = ()
        """Ranges that several networks of the cluster use."""
        self._shared_networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()

    def pods_replaced(
        self, before: Mapping[str, Pod], pods: Mapping[str, Pod], at_ns: int, *, known_until_ns: int | None = None
    ) -> None:
        """Make exactly these Pods' claims stand in place of those of `before`.

        `known_until_ns` is when the cluster was last heard of, None at its first list: what changed since then changed
        unseen.
        """
        lost_ns = at_ns if known_until_ns is None else known_until_ns
        for uid, pod in before.items():
            if uid not in pods:
                self._ended(pod, lost_ns, is_doubtful=True)
        # By age: of two that show the same address, the younger one has it.
        for pod in sorted(pods.values(), key=_age):
            # What has an address since the last word from the cluster may have got it from somebody that was not seen.
            sight = Sight(_age(pod) or at_ns, at_ns, at_ns) if known_until_ns is not None else _first_sight(pod, at_ns)
            self._listed(before.get(pod.uid), pod, pods, sight, lost_ns)
        self._arrivals.clear()
        self._hidden_ns = at_ns if known_until_ns is None else at_ns + _GHOSTLY_NS
        tell_core(self._parts)

    def pod_changed(self, before: Pod | None, pod: Pod, at_ns: int) -> None:
        """Follow one Pod; `before` is what it was, None where it is new."""
        maybe_ns = max(_age(pod) or at_ns, self._arrivals.changed(before, pod, at_ns))
        sure_ns = maybe_ns if maybe_ns >= self._hidden_ns else at_ns
        self._changed(before, pod, Sight(maybe_ns, sure_ns, at_ns), at_ns)
        tell_core(self._parts)

    def pod_removed(self, pod: Pod, at_ns: int) -> None:
        """End the claims of this Pod, given as it was last known."""
        self._arrivals.removed(pod, at_ns)
        # Without its node's word a Pod was removed by force: the node may not know yet.
        is_doubtful = pod.holds_addresses and not pod.is_stopped
        if is_doubtful and pod.node and not pod.ips and not pod.host_network:
            # Its node may have given it an address that was never told.
            self._hidden_ns = at_ns + _GHOSTLY_NS
        self._ended(pod, at_ns, is_doubtful=is_doubtful)
        tell_core(self._parts)

    def map_host_ports(self, is_mapped: bool, pods: Mapping[str, Pod], at_ns: int) -> None:
        """Take it that ports of nodes lead to the Pods that ask for them, or that they never did."""
        if is_mapped == self._maps_host_ports:
            return
        self._maps_host_ports = is_mapped
        for pod in pods.values():
            if not pod.host_ips or not pod.holds_addresses:
                continue
            endpoint = self._put_pod(pod)
            if is_mapped:
                for port in endpoint.host_ports:
                    self._claims.claim(self._number, port, endpoint.number, _first_sight(pod, at_ns))
            else:
                self._end_all(endpoint, endpoint.host_ports, 0)
        tell_core(self._parts)

    def share(self, ranges: tuple[str, ...], pods: Mapping[str, Pod], at_ns: int) -> None:
        """Take it that several networks of the cluster use exactly these ranges: addresses in them name nobody."""
        if ranges == self._shared:
            return
        had = {uid: self._places(pod) for uid, pod in pods.items()}
        self._shared = ranges
        self._shared_networks = tuple(map(ipaddress.ip_network, ranges))
        for uid, pod in pods.items():
            has = self._places(pod)
            if had[uid] == has:
                continue
            endpoint = self._put_pod(pod)
            self._end_all(endpoint, [each for each in had[uid] if each not in has], 0)
            for place in has:
                if place not in had[uid]:
                    self._claims.claim(self._number, place, endpoint.number, Sight(at_ns, at_ns, at_ns))
        tell_core(self._parts)

    def resumed(self, at_ns: int) -> None:
        """Note that the cluster tells again what it missed to tell."""
        self._arrivals.resumed(at_ns)

    def take_objects(self, pods: Mapping[str, Pod], nodes: Iterable[tuple[Node, NodeAddresses]]) -> None:
        """Claim for all time what Pods and Nodes have that were written down once, at a time that nobody knows.

        Of two Pods with the same address the older one had it until the younger one began.
        """
        for pod in sorted(pods.values(), key=_age):
            began_ns, endpoint = _age(pod), self._put_pod(pod)
            for place in self._places(pod):
                rival = self._rival(place, pod, pods)
                if rival is not None and _age(rival) == began_ns:
                    self._claims.contest(self._number, place, endpoint.number, at_ns=began_ns)
                else:
                    since_ns = 0 if rival is None else began_ns
                    self._claims.claim(self._number, place, endpoint.number, Sight(since_ns, since_ns, began_ns))
        self.node_addresses_replaced(nodes, 0)

    def node_addresses_replaced(self, nodes: Iterable[tuple[Node, NodeAddresses]], at_ns: int) -> None:
        """Make the claims of exactly these Nodes stand."""
        present = set()
        for node, addresses in nodes:
            uid = node.uid or node.name
            present.add(uid)
            earlier = self._endpoints.find(self._cluster, EndpointKind.NODE, uid)
            endpoint = self._put_node(node, uid, addresses.all)
            gone = [] if earlier is None else [each for each in earlier.addresses if each not in addresses.all]
            self._end_all(endpoint, gone, at_ns)
            for address in addresses.all:
                # A Node had its addresses before podwire knew of them, unless somebody else is known to have had them.
                since_ns = at_ns if self._claims.is_known(self._number, address) else 0
                self._claims.claim(self._number, address, endpoint.number, Sight(since_ns, since_ns, at_ns))
        for endpoint in self._endpoints.live(self._cluster, EndpointKind.NODE):
            if endpoint.uid not in present:
                self._end_all(endpoint, endpoint.addresses, at_ns)
                self._endpoints.end(endpoint)
        tell_core(self._parts)

    def end(self, at_ns: int) -> None:
        """The cluster is no longer followed: its claims end, connections that began before keep their names."""
        self._claims.end_cluster(self._number, at_ns)
        self._endpoints.end_cluster(self._cluster)
        self._arrivals.clear()
        tell_core(self._parts)

    def _changed(self, before: Pod | None, pod: Pod, sight: Sight, lost_ns: int) -> None:
        had, has = self._places(before), self._places(pod)
        if not has:
            if had:
                self._ended(pod, lost_ns, is_doubtful=lost_ns < sight.at_ns)
            return
        endpoint = self._put_pod(pod)
        if had == has:
            return
        self._end_all(endpoint, [each for each in had if each not in has], lost_ns)
        for place in has:
            if place not in had:
                self._claims.claim(self._number, place, endpoint.number, sight)

    def _listed(self, before: Pod | None, pod: Pod, pods: Mapping[str, Pod], sight: Sight, lost_ns: int) -> None:
        """Take a Pod out of a list, which says nothing of the order in which addresses changed hands."""
        had, has = self._places(before), self._places(pod)
        rivals = [] if had == has else [(each, self._rival(each, pod, pods)) for each in has if each not in had]
        if not any(rival for _, rival in rivals):
            self._changed(before, pod, sight, lost_ns)
            return
        endpoint = self._put_pod(pod)
        self._end_all(endpoint, [each for each in had if each not in has], lost_ns)
        for place, rival in rivals:
            if rival is None or _age(rival) < _age(pod):
                # The other one had it surely until this one began only.
                begun = sight._replace(maybe_ns=min(sight.maybe_ns, _age(pod)))
                self._claims.claim(self._number, place, endpoint.number, begun)
            elif _age(rival) == _age(pod):
                self._claims.contest(self._number, place, endpoint.number, at_ns=sight.at_ns)

    def _places(self, pod: Pod | None) -> tuple[Place, ...]:
        places = places_of(pod, with_host_ports=self._maps_host_ports)
        if not self._shared_networks:
            return places
        return tuple(each for each in places if isinstance(each, AddressPort) or not self._is_shared(each))

    def _is_shared(self, address: str) -> bool:
        return any(ipaddress.ip_address(address) in network for network in self._shared_networks)

    def _rival(self, place: Place, pod: Pod, pods: Mapping[str, Pod]) -> Pod | None:
        """Return another Pod of the list that has the place, by what is known so far."""
        holder = self._endpoints.get(self._claims.open_holder(self._number, place))
        if holder is None or holder.kind is not EndpointKind.POD or holder.uid == pod.uid:
            return None
        return pods.get(holder.uid)

    def _ended(self, pod: Pod, until_ns: int, *, is_doubtful: bool = False) -> None:
        endpoint = self._endpoints.find(self._cluster, EndpointKind.POD, pod.uid)
        if endpoint is not None:
            self._endpoints.end(endpoint)
            self._end_all(endpoint, endpoint.places, until_ns, is_doubtful=is_doubtful)

    def _end_all(
        self, endpoint: Endpoint, places: Iterable[Place], until_ns: int, *, is_doubtful: bool = False
    ) -> None:
        for place in places:
            self._claims.end(self._number, place, endpoint.number, until_ns=until_ns, is_doubtful=is_doubtful)

    def _put_pod(self, pod: Pod) -> Endpoint:
        return self._endpoints.keep(endpoint_of(self._cluster, pod))

    def _put_node(self, node: Node, uid: str, addresses: tuple[str, ...]) -> Endpoint:
        return self._endpoints.keep(
            Endpoint(0, EndpointKind.NODE, self._cluster, uid, "", node.name, node.name, addresses)
        )


def _first_sight(pod: Pod, at_ns: int) -> Sight:
    """Return what the first list tells of a Pod: what it has, it has had since soon after its start."""
    settled_ns = min(_age(pod) + _SETTLING_NS, at_ns) if _age(pod) else at_ns
    return Sight(settled_ns, settled_ns, at_ns)
