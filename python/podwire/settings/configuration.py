"""What operators configure at run time: the document that survives restarts and that a fabric shares."""

from __future__ import annotations

from msgspec import Struct, field

VERSION = 1
"""The version of the document's layout; a file of a later version is refused rather than misread."""


class ClusterSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """One Kubernetes connection."""

    kube_config: str
    """Path of the kubeconfig file on the switch."""
    enable: bool = False
    """Whether the cluster is followed; off until asked for, as the reference's `enable` word suggests."""
    create_vport: bool = False
    """Whether its Pods appear in the vPort table; NetVisor's default is off."""
    overlay_vxlan_analytics: bool = False
    """Whether connections inside its VXLAN overlay are shown; NetVisor's default is off."""
    interfaces: tuple[str, ...] = ()
    """Where its packets are seen; empty: at any interface. Needed only where two clusters have the same addresses."""
    vlans: tuple[int, ...] = ()
    """The outermost VLANs of its packets, 1–4094; empty: any. With interfaces too, both must fit."""


class KubernetesLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """What Kubernetes connections may be and do. The default numbers are the reference product's fixed limits."""

    max_connections: int = 4
    """Connections in all, 0–1000."""
    max_overlay_connections: int = 1
    """Connections with overlay-vxlan-analytics, 0–1000."""
    kube_exec_plugins: bool = True
    """Whether the commands that a kubeconfig names for its credentials may be run. On, since a kubeconfig is a file on
    the switch, as trusted as the operator who names it; `podwire serve` may forbid it for one switch."""


class ConnectionStatsSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Connection statistics."""

    enable: bool = False
    """Whether connections are collected; off until enabled, as in the reference product."""
    connection_max_memory: int | None = None
    """Bytes that the connection table may take, from 1 MiB; None: what the switch was started with."""
    connection_stats_max_memory: int = 1 << 30
    """Bytes that answering connection-stats-show or connection-latency-show may take, from 32 MiB."""
    client_server_stats_max_memory: int = 1 << 30
    """The same for client-server-stats-show."""
    service_stat_max_memory: int = 1 << 30
    """The same for traffic-show."""
    connection_stats_log_enable: bool = False
    """Whether sums by host and by port are written to a log file."""
    connection_stats_log_interval: int = 300
    """How often, seconds, 10–86,400; each time of what was there since the time before."""
    connection_stats_log_disk_space: int = 40 << 20
    """Bytes of that log with its older files, from 1 MiB."""
    client_server_stats_log_enable: bool = False
    """Whether sums by client and server are written to a log file."""
    client_server_stats_log_interval: int = 300
    """How often, seconds, 10–86,400."""
    client_server_stats_log_disk_space: int = 40 << 20
    """Bytes of that log with its older files, from 1 MiB."""
    fabric_connection_max_memory: int = 1 << 30
    """Kept for a fabric: bytes that connections of other switches may take. One switch alone has none of those."""
    fabric_connection_backup_enable: bool = False
    """Kept for a fabric: whether records of those are kept."""
    fabric_connection_backup_interval: int = 300
    """Kept for a fabric: how often, seconds, 10–86,400."""


class HistorySettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of what happened, and for how long."""

    enable: bool = True
    """Whether history is written."""
    updates: bool = True
    """Whether records are written of connections that go on (`connection-backup-enable`), not of their ends alone."""
    update_seconds: int = 300
    """How often a record is written of a connection that goes on, 10–86,400."""
    max_disk_space: int = 20 << 30
    """Bytes that the history may take, from 16 MiB; beyond it the oldest goes. A day of 100 million connections takes
    less than 5 GB."""
    max_age_seconds: int = 30 * 86_400
    """The age at which a record is removed, from one hour."""


class VflowSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What the switch looks into."""

    inflight_vxlan_analytics: bool = False
    """Whether VXLAN is looked into; a connection's overlay-vxlan-analytics turns it on."""
    vxlan_analytics: bool = False
    """The same under the name that NetVisor has for VXLAN that ends at a switch: to a mirror both look alike."""
    enable_user_defined_flow: bool = False
    """Kept for scripts: what NetVisor needs hardware fields for needs none here."""
    longlived_tcp_conn_stats: bool = False
    """Kept for scripts: bytes of long-lived connections are right in mode full, whatever this says."""


class UserSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """One user of the console over SSH."""

    role: str
    """`network-admin` or `read-only`."""
    password_hash: str = ""
    """See `support.passwords`; empty: no login with a password."""
    ssh_keys: tuple[str, ...] = ()
    """Public keys as in authorized_keys."""


class Configuration(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole document."""

    version: int = VERSION
    connections: dict[str, ClusterSettings] = field(default_factory=dict)
    """By cluster name, in the order of their creation."""
    limits: KubernetesLimits = field(default_factory=KubernetesLimits)
    connection_stats: ConnectionStatsSettings = field(default_factory=ConnectionStatsSettings)
    history: HistorySettings = field(default_factory=HistorySettings)
    vflow: VflowSettings = field(default_factory=VflowSettings)
    users: dict[str, UserSettings] = field(default_factory=dict)
    """By name, in the order of their creation."""
