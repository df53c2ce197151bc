"""What can be drawn on: its width and height, and whether it knows colours. Files and pipes are endless and plain."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Screen:
    """The place that output goes to."""

    width: int | None = None
    """Cells of a line; None where lines may be as long as they like."""
    height: int = 24
    """Lines that are seen at once; only where there is a width."""
    has_colour: bool = False
    can_redraw: bool = False
    """Whether the cursor can go back to the beginning."""


PLAIN = Screen()


def screen_of(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Screen:
    """Return what `stream` can show: a terminal that obeys escape sequences, or a plain stream."""
    try:
        is_terminal = stream.isatty()
    except ValueError:
        is_terminal = False
    # A dumb terminal is mostly a program that reads lines: it gets them whole.
    if not is_terminal or environment.get("TERM", "dumb") == "dumb":
        return PLAIN
    size = shutil.get_terminal_size()
    # https://no-color.org: present and not empty, whatever its value.
    return Screen(size.columns, size.lines, has_colour=not environment.get("NO_COLOR"), can_redraw=True)
