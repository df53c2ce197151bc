"""Filters, as the commands know them: declared in `catalog.filters`, where the console reads them too."""

from __future__ import annotations

from podwire.catalog.filters import NOT, Condition, parse_condition

__all__ = ["NOT", "Condition", "parse_condition"]
