"""CiliumNode as Cilium writes it, cut down to the fields that podwire reads; see `schema` for what holds for all."""

from __future__ import annotations

from msgspec import Struct, field

from podwire.kube.schema import Api, ObjectMeta


class CiliumAddress(Struct, omit_defaults=True):
    """`cilium.io/v2.NodeAddress`."""

    type: str | None = None
    ip: str | None = None


class CiliumAddresses(Struct, omit_defaults=True):
    """`cilium.io/v2.HealthAddressingSpec` and `AddressPair`."""

    ipv4: str | None = None
    ipv6: str | None = None


class CiliumIpam(Struct, rename="camel", omit_defaults=True):
    """`ipam/types.IPAMSpec`, without its pool, which holds every address of the node."""

    pod_cidrs: list[str] | None = field(name="podCIDRs", default=None)


class CiliumEncryption(Struct, omit_defaults=True):
    """`cilium.io/v2.EncryptionSpec`."""

    key: int | None = None


class CiliumNodeSpec(Struct, omit_defaults=True):
    """`cilium.io/v2.NodeSpec`."""

    addresses: list[CiliumAddress] | None = None
    health: CiliumAddresses | None = None
    ingress: CiliumAddresses | None = None
    ipam: CiliumIpam | None = None
    encryption: CiliumEncryption | None = None


class CiliumNodeObject(Api):
    """`cilium.io/v2.CiliumNode`: one for each node, and large, so that only this much of it is kept."""

    metadata: ObjectMeta | None = None
    spec: CiliumNodeSpec | None = None
