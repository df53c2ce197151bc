"""The nouns as data: columns, types, units, help, default columns, scope, verbs and their options.

The command line, the REST routes, the table headers and the reference page are made from what is declared here. No I/O,
and nothing about how a verb is carried out: that is `commands`. A new noun is one file here and a line in `NOUNS`.
"""

from __future__ import annotations

from podwire.catalog.capture import CAPTURE
from podwire.catalog.client_server_stats import CLIENT_SERVER_STATS
from podwire.catalog.connection import CONNECTION
from podwire.catalog.connection_counters import CONNECTION_COUNTERS
from podwire.catalog.connection_latency import CONNECTION_LATENCY
from podwire.catalog.connection_stats import CONNECTION_STATS
from podwire.catalog.connection_stats_settings import CONNECTION_STATS_SETTINGS
from podwire.catalog.encrypted import ENCRYPTED
from podwire.catalog.history import HISTORY
from podwire.catalog.history_settings import HISTORY_SETTINGS
from podwire.catalog.k8s_cni import K8S_CNI
from podwire.catalog.k8s_connection import K8S_CONNECTION
from podwire.catalog.k8s_node import K8S_NODE
from podwire.catalog.k8s_path import K8S_PATH
from podwire.catalog.k8s_pod import K8S_POD
from podwire.catalog.k8s_service import K8S_SERVICE
from podwire.catalog.k8s_settings import K8S_SETTINGS
from podwire.catalog.k8s_workload import K8S_WORKLOAD
from podwire.catalog.nouns import Column, Flag, Noun, Option, Parameter, Scope, Verb
from podwire.catalog.running_config import RUNNING_CONFIG
from podwire.catalog.switch_info import SWITCH_INFO
from podwire.catalog.traffic import TRAFFIC
from podwire.catalog.user import USER
from podwire.catalog.vflow_settings import VFLOW_SETTINGS
from podwire.catalog.vport import VPORT
from podwire.catalog.vport_history import VPORT_HISTORY

NOUNS: tuple[Noun, ...] = (
    CAPTURE,
    CLIENT_SERVER_STATS,
    CONNECTION,
    CONNECTION_COUNTERS,
    CONNECTION_LATENCY,
    CONNECTION_STATS,
    CONNECTION_STATS_SETTINGS,
    ENCRYPTED,
    HISTORY,
    HISTORY_SETTINGS,
    K8S_CNI,
    K8S_CONNECTION,
    K8S_NODE,
    K8S_PATH,
    K8S_POD,
    K8S_SERVICE,
    K8S_SETTINGS,
    K8S_WORKLOAD,
    RUNNING_CONFIG,
    SWITCH_INFO,
    TRAFFIC,
    USER,
    VFLOW_SETTINGS,
    VPORT,
    VPORT_HISTORY,
)
"""Every noun, in the order of the reference page."""

__all__ = ["NOUNS", "Column", "Flag", "Noun", "Option", "Parameter", "Scope", "Verb"]
