"""How far reading has come, on a terminal: shown only for what takes longer than a second, and gone when it is done."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from podwire.capture import Progress
from podwire.catalog.units import show_count, show_size

_PATIENCE_SECONDS = 1.0
_STEP_SECONDS = 0.1
_CELLS = 30
_ERASE = "\r\x1b[K"


@contextmanager
def shown(progress: Callable[[], Progress], stream: TextIO | None = None) -> Iterator[None]:
    """Show `progress()` on `stream` (standard error) while the block runs, if that is a terminal."""
    stream = stream or sys.stderr
    if not stream.isatty():
        yield
        return
    ended = threading.Event()
    drawing = threading.Thread(target=_draw, args=(progress, stream, ended), name="progress", daemon=True)
    drawing.start()
    try:
        yield
    finally:
        ended.set()
        drawing.join()


def _draw(progress: Callable[[], Progress], stream: TextIO, ended: threading.Event) -> None:
    if ended.wait(_PATIENCE_SECONDS):
        return
    try:
        while not ended.wait(_STEP_SECONDS):
            columns = shutil.get_terminal_size().columns
            stream.write(f"\r{line(progress())[: columns - 1]}\x1b[K")
            stream.flush()
        stream.write(_ERASE)
        stream.flush()
    except OSError:
        # A terminal that is gone needs no bar; whatever else is printed will tell.
        return


def line(progress: Progress) -> str:
    """Return the line for one moment."""
    packets = f"{show_count(progress.packets)} packets"
    if not progress.total_bytes:
        return f"{show_size(progress.bytes)}  {packets}"
    share = min(progress.bytes / progress.total_bytes, 1.0)
    full = round(share * _CELLS)
    return f"[{'#' * full}{'.' * (_CELLS - full)}] {share:4.0%} of {show_size(progress.total_bytes)}  {packets}"
