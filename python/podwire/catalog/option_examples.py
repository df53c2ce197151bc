"""An example of each option that all show commands share: printed in the reference page, and run as a test."""

from __future__ import annotations

EXAMPLES: dict[str, str] = {
    "start-time": "connection-show start-time 2026-01-01T12:00:00",
    "end-time": "connection-show start-time 2026-01-01T12:00:00 end-time 2026-01-01T13:00:00",
    "duration": "connection-show start-time 2026-01-01T12:00:00 duration 1h",
    "interval": "k8s-cni-show within-last 1h interval 10m",
    "since-start": "k8s-cni-show since-start",
    "older-than": "connection-show older-than 1d",
    "within-last": "connection-show within-last 5m",
    "format": "vport-show format ip,entity,hostname",
    "layout": "vport-show layout vertical",
    "parsable-delim": "vport-show format ip,entity parsable-delim ,",
    "show-headers": "vport-show format ip,entity parsable-delim , show-headers",
    "sort-asc": "vport-show sort-asc ip",
    "sort-desc": "connection-show sort-desc latency limit-output 10",
    "show-dups": "k8s-connection-show show-dups",
    "limit-output": "connection-show limit-output 100",
    "count-output": "connection-show cur-state syn count-output",
    "count-output-sum": "connection-show dst-port 443 count-output-sum",
    "sum-by": "connection-show sum-by dst-ip,dst-port sort-desc count",
    "unscaled": "connection-show format src-ip,dst-ip,total-bytes,latency unscaled",
    "raw-int-values": "k8s-connection-show raw-int-values",
    "show-interval": "capture-show show-interval 2s",
    "follow": "connection-show cur-state rst follow",
    "--json": "connection-show --json",
    "--csv": "connection-show --csv",
    "--parquet": "connection-show --parquet connections.parquet",
    "not": "connection-show not dst-port 53,443 not src-ip 10.10.0.0/16",
}
"""By option: one command."""
