"""`vflow-settings-…`: whether the switch looks into VXLAN, and what NetVisor's scripts set beside it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from podwire.catalog.vflow_settings import FLAGS, VFLOW_SETTINGS
from podwire.commands.answer import Answer
from podwire.commands.configuring import Configurator
from podwire.commands.handlers import ConfigCommand, Values
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.engine.decoding import wanted_overlays
from podwire.engine.parts import Parts
from podwire.settings.configuration import Configuration, VflowSettings
from podwire.support.errors import ConflictError

_KEPT = {
    "enable-user-defined-flow": "kept for scripts; podwire needs no user-defined fields.",
    "longlived-tcp-conn-stats": "kept for scripts; in mode full the bytes of long-lived connections are always right, "
    "in mode control they are those of the latest packet with SYN, FIN or RST.",
}
"""What to know of flags that change nothing here."""


class VflowSettingsHandler:
    """Shows and changes the flags, with the rules that NetVisor has for them."""

    noun = VFLOW_SETTINGS

    def __init__(self, configurator: Configurator, parts: Parts) -> None:
        self._configurator = configurator
        self._parts = parts

    async def show(self, query: Query) -> Answer:
        """Return the one record."""
        configuration = self._configurator.configuration
        overlays = [overlay.short for overlay, _ in wanted_overlays(configuration, self._parts)]
        row = {
            **_flags(configuration.vflow),
            "inflight-vxlan-analytics": configuration.vflow.inflight_vxlan_analytics or bool(needing(configuration)),
            "overlays": ",".join(dict.fromkeys(overlays)) or None,
        }
        return answer_rows(query, [row], now_ns=0)

    async def act(self, verb: str, values: Values) -> Sequence[str]:
        """Turn flags on or off. Raises ConflictError for what the others stand against."""
        assert verb == "modify"

        def edit(document: Configuration) -> Configuration:
            changed = {name.replace("-", "_"): value for name, value in values.items()}
            settings = msgspec.structs.replace(document.vflow, **changed)
            _check(document, settings, values)
            return msgspec.structs.replace(document, vflow=settings)

        await self._configurator.change(edit)
        return [f"{name}: {_KEPT[name]}" for name, value in values.items() if value and name in _KEPT]

    def running_config(self) -> Sequence[ConfigCommand]:
        """Return what was configured, not what a connection implies."""
        return [ConfigCommand("modify", _flags(self._configurator.configuration.vflow), 0)]


def _flags(settings: VflowSettings) -> dict[str, bool]:
    return {name: getattr(settings, name.replace("-", "_")) for name, _ in FLAGS}


def _check(document: Configuration, settings: VflowSettings, values: Values) -> None:
    """Refuse what NetVisor refuses."""
    connections = needing(document)
    if connections and values.get("inflight-vxlan-analytics") is False:
        msg = (
            f"inflight-vxlan-analytics is needed by {', '.join(connections)}: first give "
            f"k8s-connection-modify cluster-name {connections[0]} no-overlay-vxlan-analytics."
        )
        raise ConflictError(msg)
    if not settings.longlived_tcp_conn_stats:
        return
    if not settings.enable_user_defined_flow:
        msg = "longlived-tcp-conn-stats needs enable-user-defined-flow: first give that."
        raise ConflictError(msg)
    for name, holds in (
        ("vxlan-analytics", settings.vxlan_analytics),
        ("inflight-vxlan-analytics", settings.inflight_vxlan_analytics),
        (f"overlay-vxlan-analytics of {', '.join(connections)}", bool(connections)),
    ):
        if holds:
            msg = f"longlived-tcp-conn-stats and {name} exclude each other: first turn one of them off."
            raise ConflictError(msg)


def needing(configuration: Configuration) -> list[str]:
    """Return the connections that turn inflight-vxlan-analytics on."""
    return [name for name, each in configuration.connections.items() if each.overlay_vxlan_analytics]
