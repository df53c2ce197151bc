"""The handlers of all nouns that add connections up."""

from __future__ import annotations

from podwire.commands.client_server_stats import ClientServerStatsHandler
from podwire.commands.connection_latency import ConnectionLatencyHandler
from podwire.commands.connection_stats import ConnectionStatsHandler
from podwire.commands.handlers import Handler
from podwire.commands.rollup import Asker
from podwire.commands.traffic import TrafficHandler


def sum_handlers(asker: Asker, *, switch_name: str) -> list[Handler]:
    """Make them, all asking the same."""
    return [
        ClientServerStatsHandler(asker, switch_name=switch_name),
        ConnectionLatencyHandler(asker),
        ConnectionStatsHandler(asker, switch_name=switch_name),
        TrafficHandler(asker, switch_name=switch_name),
    ]
