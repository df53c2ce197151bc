"""`vflow-settings-…`: whether the switch looks into VXLAN."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from podwire.catalog.vflow_settings import VFLOW_SETTINGS
from podwire.commands.answer import Answer
from podwire.commands.configuring import Configurator
from podwire.commands.handlers import ConfigCommand, Values
from podwire.commands.k8s_cni import describe_overlay
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.engine.decoding import wanted_overlays
from podwire.engine.parts import Parts
from podwire.settings.configuration import Configuration, VflowSettings
from podwire.support.errors import ConflictError


class VflowSettingsHandler:
    """Shows and changes inflight-vxlan-analytics, which overlay-vxlan-analytics of a connection implies."""

    noun = VFLOW_SETTINGS

    def __init__(self, configurator: Configurator, parts: Parts) -> None:
        self._configurator = configurator
        self._parts = parts

    async def show(self, query: Query) -> Answer:
        """Return the one record."""
        configuration = self._configurator.configuration
        overlays = [describe_overlay(overlay) for overlay, _ in wanted_overlays(configuration, self._parts)]
        row = {
            "inflight-vxlan-analytics": configuration.vflow.inflight_vxlan_analytics or bool(_needing(configuration)),
            "overlays": ",".join(dict.fromkeys(overlays)) or None,
        }
        return answer_rows(query, [row], now_ns=0)

    async def act(self, verb: str, values: Values) -> Sequence[str]:
        """Turn it on or off; off is refused while a connection needs it."""
        assert verb == "modify"
        wanted: bool = values["inflight-vxlan-analytics"]

        def edit(document: Configuration) -> Configuration:
            needing = _needing(document)
            if not wanted and needing:
                msg = (
                    f"inflight-vxlan-analytics is needed by {', '.join(needing)}: first give "
                    f"k8s-connection-modify cluster-name {needing[0]} no-overlay-vxlan-analytics."
                )
                raise ConflictError(msg)
            return msgspec.structs.replace(document, vflow=VflowSettings(inflight_vxlan_analytics=wanted))

        await self._configurator.change(edit)
        return ()

    def running_config(self) -> Sequence[ConfigCommand]:
        """Return what was configured, not what a connection implies."""
        settings = self._configurator.configuration.vflow
        name = "inflight-vxlan-analytics"
        return [ConfigCommand("modify", {name: settings.inflight_vxlan_analytics}, 0)]


def _needing(configuration: Configuration) -> list[str]:
    return [name for name, each in configuration.connections.items() if each.overlay_vxlan_analytics]
