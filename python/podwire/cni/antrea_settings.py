"""Finds and reads antrea-agent.conf, which stands in a ConfigMap whose name may end in a hash.

Source: antrea, build/yamls/antrea.yml and cmd/antrea-agent/options.go.
"""

from __future__ import annotations

from podwire.cni import reading
from podwire.model.evidence import Evidence, Workload

KEY = "antrea-agent.conf"


def settings_of(workload: Workload, evidence: Evidence) -> tuple[object, str]:
    """Return the settings that the DaemonSet mounts and the ConfigMap's name; None and an empty name without them."""
    for volume in workload.volumes:
        source = reading.config_map(evidence, workload.namespace, volume.config_map) if volume.config_map else None
        if source is not None and KEY in source.data:
            return reading.parse_yaml(source.data[KEY]), f"{source.namespace}/{source.name}"
    return None, ""
