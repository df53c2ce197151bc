"""How quantities are typed and printed: scaled sizes and counts, latencies, durations, times.

The printed forms are NetVisor's: three significant digits and a suffix (`3.82K`, `74.8us`, `4.01s`), whole numbers
below the first suffix, and `2h11m21s` from a minute up. Raw values are bytes, counts and nanoseconds.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_SECOND = 1_000_000_000
MOST = (1 << 63) - 1
"""The largest raw value of any quantity: 64 bits with a sign, as in the packet core and in Arrow."""

_SUFFIXES = ("", "K", "M", "G", "T", "P", "E")
_DURATION = re.compile(
    r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?(?:(\d+(?:\.\d+)?)us)?(?:(\d+)ns)?"
)
_DURATION_UNITS = (
    86_400 * NS_PER_SECOND,
    3_600 * NS_PER_SECOND,
    60 * NS_PER_SECOND,
    NS_PER_SECOND,
    NS_PER_MS,
    NS_PER_US,
    1,
)
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)([KMGTPE]?)B?", re.IGNORECASE)
_TIME_FORMATS = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d,%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M", "%Y-%m-%d")


def _significant(value: float) -> str:
    """Print `value` (0 ≤ value < 1024) with three significant digits: 0.985, 4.01, 74.8, 149."""
    if value < 0.9995:
        return f"{value:.3f}"
    if value < 9.995:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def _scaled(value: Any, base: int) -> str:
    amount = int(value)
    if amount < base:
        return str(amount)
    scaled, power = float(amount), 0
    # 999.5 would print as 1000: the next suffix is due.
    while scaled >= 999.5 and power < len(_SUFFIXES) - 1:
        scaled /= base
        power += 1
    return _significant(scaled) + _SUFFIXES[power]


def show_count(value: Any) -> str:
    """Print a count, scaled by thousands: 3820 → `3.82K`."""
    return _scaled(value, 1000)


def show_size(value: Any) -> str:
    """Print a number of bytes, scaled by 1024: 1 048 576 → `1.00M`."""
    return _scaled(value, 1024)


def _parse_quantity(text: str, base: int, what: str) -> int:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise ValueError(what)
    number, suffix = match.groups()
    scaled = float(number) * base ** _SUFFIXES.index(suffix.upper())
    if scaled >= MOST:
        raise ValueError(what)
    return round(scaled) if suffix or "." in number else int(number)


def parse_size(text: str) -> int:
    """Read a size in bytes: `4096`, `60M`, `1.5G` (powers of 1024). Raises ValueError with what is expected."""
    return _parse_quantity(text, 1024, "a size such as 4096, 60M or 1.5G")


def parse_count(text: str) -> int:
    """Read a count: `17`, `3.5K` (powers of 1000). Raises ValueError with what is expected."""
    return _parse_quantity(text, 1000, "a number such as 17, 200K or 1.5M")


def show_latency(value: Any) -> str:
    """Print nanoseconds with three significant digits below a minute (`74.8us`, `4.01s`), `2m11s` from there."""
    nanoseconds = int(value)
    if nanoseconds < 0:
        return "-" + show_latency(-nanoseconds)
    if nanoseconds >= 59_995_000_000:
        return show_duration(nanoseconds)
    for unit, suffix in ((NS_PER_SECOND, "s"), (NS_PER_MS, "ms"), (NS_PER_US, "us")):
        # 999.5us would print as 1000us, so that it counts as a millisecond.
        if nanoseconds >= unit * 0.9995:
            return _significant(nanoseconds / unit) + suffix
    return f"{nanoseconds}ns"


def show_duration(value: Any) -> str:
    """Print nanoseconds in whole seconds as `#d#h#m#s` without leading zero units: `9s`, `2h11m21s`, `5m`."""
    seconds = round(int(value) / NS_PER_SECOND)
    if seconds <= 0:
        return "0s"
    parts = []
    for unit, suffix in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        amount, seconds = divmod(seconds, unit)
        if amount:
            parts.append(f"{amount}{suffix}")
    return "".join(parts)


def parse_duration(text: str) -> int:
    """Read a duration into nanoseconds: `1d2h3m4s`, `90s`, `1.5s`, `20ms`, or plain seconds.

    Raises ValueError with what is expected.
    """
    stripped = text.strip().lower()
    match = _DURATION.fullmatch(stripped + "s" if stripped.isdecimal() else stripped)
    parts = match.groups("0") if match and stripped else ("inf",) * len(_DURATION_UNITS)
    amounts = [float(part) * unit for part, unit in zip(parts, _DURATION_UNITS, strict=True)]
    if sum(amounts) >= MOST:
        msg = "a duration such as 30s, 5m or 1d2h"
        raise ValueError(msg)
    return sum(round(amount) for amount in amounts)


def show_percent(value: Any) -> str:
    """Print a part of a hundred with one decimal: `24.0%`."""
    return f"{float(value):.1f}%"


def parse_percent(text: str) -> float:
    """Read a part of a hundred, `24` or `24.5%`. Raises ValueError with what is expected."""
    try:
        value = float(text.strip().removesuffix("%"))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        msg = "a number from 0 to 100"
        raise ValueError(msg)
    return value


def show_time(value: Any) -> str:
    """Print nanoseconds since the epoch as local `yyyy-mm-ddTHH:mm:ss`; nothing for 0, a time that nobody knows."""
    if not int(value):
        return ""
    return datetime.fromtimestamp(int(value) // NS_PER_SECOND, tz=UTC).astimezone().strftime("%Y-%m-%dT%H:%M:%S")


def parse_time(text: str) -> int:
    """Read `yyyy-mm-ddTHH:mm:ss` (local time, or UTC with a trailing `Z`) into nanoseconds since the epoch.

    Raises ValueError with what is expected.
    """
    stripped = text.strip()
    is_utc = stripped.endswith(("Z", "z"))
    local = stripped[:-1] if is_utc else stripped
    for pattern in _TIME_FORMATS:
        try:
            parsed = datetime.strptime(local, pattern)  # noqa: DTZ007 - the zone is set below
            zoned = parsed.replace(tzinfo=UTC) if is_utc else parsed.astimezone()
            nanoseconds = math.floor(zoned.timestamp()) * NS_PER_SECOND + parsed.microsecond * NS_PER_US
        except (ValueError, OverflowError):
            continue
        if 0 <= nanoseconds <= MOST:
            return nanoseconds
    msg = "a time such as 2026-01-31T23:59:59"
    raise ValueError(msg)
