"""`k8s-settings-…`: the limits of Kubernetes connections."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from podwire.catalog.k8s_settings import K8S_SETTINGS
from podwire.commands.answer import Answer
from podwire.commands.configuring import Configurator
from podwire.commands.handlers import Values
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.settings.configuration import Configuration


class KubernetesSettingsHandler:
    """Shows and changes the limits. A limit below what exists keeps what exists and refuses more."""

    noun = K8S_SETTINGS

    def __init__(self, configurator: Configurator) -> None:
        self._configurator = configurator

    async def show(self, query: Query) -> Answer:
        """Return the one record."""
        limits = self._configurator.configuration.limits
        row = {
            "max-connections": limits.max_connections,
            "max-overlay-connections": limits.max_overlay_connections,
        }
        return answer_rows(query, [row], now_ns=0)

    async def act(self, verb: str, values: Values) -> Sequence[str]:
        """Modify the limits."""
        assert verb == "modify"
        fields = {name.replace("-", "_"): value for name, value in values.items()}

        def edit(document: Configuration) -> Configuration:
            return msgspec.structs.replace(document, limits=msgspec.structs.replace(document.limits, **fields))

        await self._configurator.change(edit)
        return ()
