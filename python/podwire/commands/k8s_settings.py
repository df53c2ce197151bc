"""`k8s-settings-…`: the limits of Kubernetes connections, and what their kubeconfigs may start."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from podwire.catalog.k8s_settings import K8S_SETTINGS
from podwire.commands.answer import Answer
from podwire.commands.configuring import Configurator
from podwire.commands.handlers import ConfigCommand, Values
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.settings.configuration import Configuration, KubernetesLimits


class KubernetesSettingsHandler:
    """Shows and changes the limits. A limit below what exists keeps what exists and refuses more."""

    noun = K8S_SETTINGS

    def __init__(self, configurator: Configurator, *, may_run_plugins: bool = True) -> None:
        self._configurator = configurator
        self._may_run_plugins = may_run_plugins
        """What this switch was started with; False goes before the setting."""

    async def show(self, query: Query) -> Answer:
        """Return the one record."""
        limits = self._configurator.configuration.limits
        row = {
            "max-connections": limits.max_connections,
            "max-overlay-connections": limits.max_overlay_connections,
            "kube-exec-plugins": limits.kube_exec_plugins and self._may_run_plugins,
        }
        return answer_rows(query, [row], now_ns=0)

    async def act(self, verb: str, values: Values) -> Sequence[str]:
        """Modify what is allowed."""
        assert verb == "modify"
        fields = {name.replace("-", "_"): value for name, value in values.items()}

        def edit(document: Configuration) -> Configuration:
            return msgspec.structs.replace(document, limits=msgspec.structs.replace(document.limits, **fields))

        document = await self._configurator.change(edit)
        if values.get("kube-exec-plugins") and not self._may_run_plugins:
            return [*_notes(document), "kube-exec-plugins stays off on this switch: podwire serve was started so."]
        return _notes(document)

    def running_config(self) -> Sequence[ConfigCommand]:
        """Return the limits, raised first to what exists where that is more, so that it can be made again."""
        document = self._configurator.configuration
        limits, now = document.limits, _existing(document)
        connections, overlays = (max(pair) for pair in zip(_numbers(limits), now, strict=True))
        wide = msgspec.structs.replace(limits, max_connections=connections, max_overlay_connections=overlays)
        commands = [ConfigCommand("modify", _values(wide), 0)]
        return commands if wide == limits else [*commands, ConfigCommand("modify", _values(limits), 2)]


def _numbers(limits: KubernetesLimits) -> tuple[int, int]:
    return limits.max_connections, limits.max_overlay_connections


def _limits(limits: KubernetesLimits) -> dict[str, int]:
    return dict(zip(("max-connections", "max-overlay-connections"), _numbers(limits), strict=True))


def _values(limits: KubernetesLimits) -> dict[str, int | bool]:
    return {**_limits(limits), "kube-exec-plugins": limits.kube_exec_plugins}


def _existing(document: Configuration) -> tuple[int, int]:
    connections = document.connections.values()
    return len(connections), sum(each.overlay_vxlan_analytics for each in connections)


def _notes(document: Configuration) -> list[str]:
    """Say what a limit that is lower than what exists, or nothing, comes to."""
    notes = []
    for (name, limit), number in zip(_limits(document.limits).items(), _existing(document), strict=True):
        if number > limit:
            notes.append(f"{name} is {limit} now; the {number} that exist stay, and no more can be made.")
        elif limit == 0:
            notes.append(f"{name} is 0 now: that is none at all, not without limit.")
    return notes
