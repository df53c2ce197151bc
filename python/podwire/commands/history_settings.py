"""`history-settings-…`: what is kept of what happened, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from podwire.catalog.history_settings import HISTORY_SETTINGS
from podwire.catalog.units import NS_PER_SECOND
from podwire.commands.answer import Answer
from podwire.commands.configuring import Configurator
from podwire.commands.handlers import Values
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.settings.configuration import Configuration
from podwire.support.errors import UsageError

_SECONDS = {
    "update-interval": ("update_seconds", 10, 86_400),
    "max-age": ("max_age_seconds", 3_600, 100 * 366 * 86_400),
}
"""By option: the field, and from how many to how many seconds it may be."""
_LEAST_SPACE, _MOST_SPACE = 16 << 20, 1 << 50


class HistorySettingsHandler:
    """Shows and changes the settings of the history."""

    noun = HISTORY_SETTINGS

    def __init__(self, configurator: Configurator) -> None:
        self._configurator = configurator

    async def show(self, query: Query) -> Answer:
        """Return the one record."""
        settings = self._configurator.configuration.history
        row = {
            "enable": settings.enable,
            "update-interval": settings.update_seconds * NS_PER_SECOND,
            "max-disk-space": settings.max_disk_space,
            "max-age": settings.max_age_seconds * NS_PER_SECOND,
        }
        return answer_rows(query, [row], now_ns=0)

    async def act(self, verb: str, values: Values) -> Sequence[str]:
        """Modify the settings. Raises UsageError for what is out of range."""
        assert verb == "modify"
        fields = _fields(values)

        def edit(document: Configuration) -> Configuration:
            return msgspec.structs.replace(document, history=msgspec.structs.replace(document.history, **fields))

        await self._configurator.change(edit)
        return ()


def _fields(values: Values) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in values.items():
        if name in _SECONDS:
            field, least, most = _SECONDS[name]
            fields[field] = value // NS_PER_SECOND
            if not least <= fields[field] <= most:
                bounds = "from 10s to 1d" if name == "update-interval" else "from 1h to 36600d"
                msg = f"{name} is {bounds}."
                raise UsageError(msg)
        elif name == "max-disk-space":
            if not _LEAST_SPACE <= value <= _MOST_SPACE:
                msg = "max-disk-space is from 16M to 1P."
                raise UsageError(msg)
            fields["max_disk_space"] = value
        else:
            fields[name] = value
    return fields
