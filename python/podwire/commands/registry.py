"""What answers the daemon's commands: every handler, handed what it asks."""

from __future__ import annotations

from dataclasses import dataclass

from podwire.commands.capture import CaptureHandler
from podwire.commands.configuring import Configurator
from podwire.commands.connection import ConnectionHandler
from podwire.commands.connection_counters import ConnectionCountersHandler
from podwire.commands.connection_notes import ConnectionNotes
from podwire.commands.connection_stats_settings import ConnectionStatsSettingsHandler, memory_for
from podwire.commands.encrypted import EncryptedHandler
from podwire.commands.handlers import Handler
from podwire.commands.history import HistoryHandler, writing_state
from podwire.commands.history_settings import HistorySettingsHandler
from podwire.commands.k8s_cni import CniHandler
from podwire.commands.k8s_connection import KubernetesConnectionHandler
from podwire.commands.k8s_path import PathHandler
from podwire.commands.k8s_settings import KubernetesSettingsHandler
from podwire.commands.kubernetes import object_handlers
from podwire.commands.rollup import Asker
from podwire.commands.running_config import RunningConfigHandler
from podwire.commands.sums import sum_handlers
from podwire.commands.switch_info import SwitchFacts, SwitchInfoHandler
from podwire.commands.user import UserHandler
from podwire.commands.vflow_settings import VflowSettingsHandler
from podwire.commands.vport import VPortHandler
from podwire.commands.vport_history import VPortHistoryHandler
from podwire.engine.clusters import ClusterManager
from podwire.engine.connection_questions import ConnectionQuestions
from podwire.engine.history import HistoryWriter
from podwire.engine.parts import Parts
from podwire.engine.record_names import RecordNames
from podwire.engine.sources import SourceFeed
from podwire.history import Kind
from podwire.settings.serve import ServeSettings


@dataclass(frozen=True, slots=True)
class Workings:
    """What works in a daemon beside its tables and its packet core, as far as commands ask or change it."""

    configurator: Configurator
    clusters: ClusterManager
    sources: SourceFeed
    history: HistoryWriter


def every_handler(parts: Parts, workings: Workings, *, facts: SwitchFacts, settings: ServeSettings) -> list[Handler]:
    """Make the handlers of a switch of which `facts` tells, started with `settings`."""
    configurator, sources, history = workings.configurator, workings.sources, workings.history.store
    name = facts.name

    def memory(noun_name: str) -> int:
        return memory_for(configurator.configuration.connection_stats, noun_name)

    questions = ConnectionQuestions(
        parts, RecordNames(parts), switch_name=name, native_vlan=settings.native_vlan, store=history
    )
    handlers: list[Handler] = [
        CaptureHandler(
            parts,
            sources,
            history=lambda: writing_state(history, enabled=configurator.configuration.history.enable),
            samples=lambda start_ns, end_ns: history.records(Kind.CAPTURE, start_ns, end_ns),
        ),
        *sum_handlers(Asker(questions, parts.clock, memory), switch_name=name),
        ConnectionHandler(
            parts,
            ConnectionNotes(parts, configurator, sources),
            lambda: questions,
            switch_name=name,
            native_vlan=settings.native_vlan,
            clear_history=lambda: history.clear(Kind.CONNECTION),
        ),
        ConnectionCountersHandler(parts),
        ConnectionStatsSettingsHandler(configurator, max_memory_bytes=settings.connection_max_memory),
        EncryptedHandler(parts),
        HistoryHandler(history, configurator, parts),
        HistorySettingsHandler(configurator),
        CniHandler(configurator, parts),
        PathHandler(parts),
        *object_handlers(configurator, parts),
        KubernetesConnectionHandler(configurator, workings.clusters, parts, interfaces=sources.interfaces),
        KubernetesSettingsHandler(configurator, may_run_plugins=settings.kube_exec_plugins),
        SwitchInfoHandler(facts, clock=parts.clock),
        VflowSettingsHandler(configurator, parts),
        UserHandler(configurator),
        VPortHandler(configurator, parts, switch_name=name),
        VPortHistoryHandler(parts, kept=workings.history.kept_claims),
    ]
    return [*handlers, RunningConfigHandler(handlers, clock=parts.clock)]
