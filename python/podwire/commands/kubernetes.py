"""The handlers of Kubernetes' own objects, for the daemon and for replay alike."""

from __future__ import annotations

from podwire.commands.configuring import Configurator
from podwire.commands.handlers import Handler
from podwire.commands.k8s_node import NodeHandler
from podwire.commands.k8s_pod import PodHandler
from podwire.commands.k8s_service import ServiceHandler
from podwire.commands.k8s_workload import WorkloadHandler
from podwire.engine.parts import Parts


def object_handlers(configurator: Configurator | None, parts: Parts) -> list[Handler]:
    """Make them; without a configurator the objects come from files."""
    return [
        NodeHandler(configurator, parts),
        PodHandler(configurator, parts),
        ServiceHandler(configurator, parts),
        WorkloadHandler(configurator, parts),
    ]
