"""The types of values that columns and options have: how they are written, read, checked and shown.

Inside podwire a value is raw (nanoseconds, bytes, seconds since the epoch as nanoseconds, text); `parse` makes it from
what a person typed and `show` turns it into what a table prints.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from podwire.catalog import units


def _text(raw: str) -> str:
    return raw


def _show_text(value: Any) -> str:
    return str(value)


@dataclass(frozen=True, slots=True)
class ValueType:
    """One type of value."""

    name: str
    word: str
    """How a value is written in help; `{name}` stands for the keyword."""
    parse: Callable[[str], Any] = _text
    """Makes the raw value of a typed one; raises ValueError with what is expected."""
    show: Callable[[Any], str] = _show_text
    """Prints the raw value, scaled, as tables do."""
    show_raw: Callable[[Any], str] = _show_text
    """Prints the raw value unscaled."""
    json_type: str = "string"
    is_number: bool = False
    is_address: bool = False
    is_list: bool = False
    """True where the text is a comma-separated list whose members can be asked for one by one."""
    choices: tuple[str, ...] = ()
    is_secret: bool = False
    """True where what is typed must not be repeated: in errors, in a history of commands, in a log."""

    @property
    def is_scaled(self) -> bool:
        """True where typed and shown values have units that the raw number has not: durations, sizes, times."""
        return self.is_number and self.show is not self.show_raw

    def placeholder(self, keyword: str) -> str:
        """How a value of `keyword` is written in help."""
        return self.word.format(name=keyword)


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(raw: str) -> int:
        try:
            value = int(raw, 10)
        except ValueError:
            msg = f"a number from {low} to {high}"
            raise ValueError(msg) from None
        if not low <= value <= high:
            msg = f"a number from {low} to {high}"
            raise ValueError(msg)
        return value

    return parse


def integer(low: int, high: int, *, word: str = "", name: str = "integer") -> ValueType:
    """Make the type of whole numbers from `low` to `high`, shown plainly."""
    return ValueType(name, word or f"{low}..{high}", _integer(low, high), json_type="integer", is_number=True)


def choice(*values: str, name: str = "choice") -> ValueType:
    """Make the type of one word out of `values`."""

    def parse(raw: str) -> str:
        if raw not in values:
            msg = f"one of {', '.join(values)}"
            raise ValueError(msg)
        return raw

    return ValueType(name, "|".join(values), parse, choices=values)


def _address(raw: str) -> str:
    try:
        return str(ipaddress.ip_address(raw))
    except ValueError:
        msg = "an IPv4 or IPv6 address"
        raise ValueError(msg) from None


def _mac(raw: str) -> str:
    parts = raw.lower().replace("-", ":").split(":")
    if len(parts) != 6 or not all(len(p) == 2 and set(p) <= set("0123456789abcdef") for p in parts):
        msg = "a MAC address such as 88:88:88:bf:5d:be"
        raise ValueError(msg)
    return ":".join(parts)


def _boolean(yes: str, no: str) -> Callable[[str], bool]:
    words = {yes: True, no: False, "true": True, "false": False, "on": True, "off": False, "yes": True, "no": False}

    def parse(raw: str) -> bool:
        if raw.lower() not in words:
            msg = f"{yes} or {no}"
            raise ValueError(msg)
        return words[raw.lower()]

    return parse


def _show_boolean(yes: str, no: str) -> Callable[[Any], str]:
    def show(value: Any) -> str:
        return yes if value else no

    return show


def boolean(yes: str, no: str) -> ValueType:
    """Make a yes/no type with its two words."""
    show = _show_boolean(yes, no)
    return ValueType("boolean", f"{yes}|{no}", _boolean(yes, no), show, show, json_type="boolean", choices=(yes, no))


def _name(raw: str) -> str:
    if (
        not 0 < len(raw) <= MOST_NAME_CHARACTERS
        or not raw.isprintable()
        or raw != raw.strip()
        or any(each in raw for each in ",'\"?*!")
    ):
        msg = f"a name of 1 to {MOST_NAME_CHARACTERS} printable characters without commas, quotes, ?, * and !"
        raise ValueError(msg)
    return raw


def _user_name(raw: str) -> str:
    if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_.-]{0,31}", raw):
        msg = "a name of 1 to 32 letters, digits, '_', '.' and '-' that begins with a letter"
        raise ValueError(msg)
    return raw


def _password(raw: str) -> str:
    if not 8 <= len(raw) <= 256:
        msg = "a password of 8 to 256 characters"
        raise ValueError(msg)
    return raw


def _password_hash(raw: str) -> str:
    from podwire.support.passwords import is_hash  # noqa: PLC0415 - few commands have one, and OpenSSL takes a while

    if not is_hash(raw):
        msg = "a hash as running-config-show prints it"
        raise ValueError(msg)
    return raw


def _ssh_keys(raw: str) -> str:
    keys = [key.strip() for key in raw.split(",") if key.strip()]
    if not keys or not all(_is_public_key(key) for key in keys):
        msg = "a list of public keys such as ssh-ed25519 AAAA… name, in quotes"
        raise ValueError(msg)
    return ",".join(keys)


def _is_public_key(key: str) -> bool:
    """Say whether `key` is a type, the key itself, and perhaps a comment; the key begins with its type (RFC 4253)."""
    kind, _, rest = key.partition(" ")
    try:
        content = base64.b64decode(rest.partition(" ")[0], validate=True)
    except ValueError:
        return False
    name = kind.encode("utf-8", "replace")
    return key.isprintable() and len(key) < 16_384 and content.startswith(len(name).to_bytes(4, "big") + name)


MOST_NAME_CHARACTERS = 128
"""The longest name that can be given to something: enough for the ARN of a managed cluster."""


def _listed(each: Callable[[str], object]) -> Callable[[str], str]:
    """Make a reader of comma-separated lists; `any` stands for the empty one, which leaves it open."""

    def parse(raw: str) -> str:
        return "" if raw == "any" else ",".join(dict.fromkeys(str(each(part.strip())) for part in raw.split(",")))

    return parse


def _interface(raw: str) -> str:
    # What Linux takes for the name of a device (dev_valid_name in net/core/dev.c): at most 15 bytes.
    if not 0 < len(raw.encode()) < 16 or raw in (".", "..") or any(each in raw for each in "/: \t\n"):
        msg = "names of interfaces such as eth1,eth2, or any"
        raise ValueError(msg)
    return raw


def _tag(raw: str) -> int:
    try:
        return _integer(1, 4094)(raw)
    except ValueError:
        msg = "VLANs from 1 to 4094 such as 10,20, or any"
        raise ValueError(msg) from None


INTERFACES = ValueType("interfaces", "interface[,interface…]|any", _listed(_interface), is_list=True)
VLANS = ValueType("vlans", "vlan[,vlan…]|any", _listed(_tag), is_list=True)
NAME = ValueType("name", "{name}-string", _name)
USER_NAME = ValueType("user-name", "{name}-string", _user_name)
PASSWORD = ValueType("password", "{name}-string", _password, is_secret=True)
PASSWORD_HASH = ValueType("password-hash", "{name}-string", _password_hash, is_secret=True)
SSH_KEYS = ValueType("ssh-keys", "{name}-string", _ssh_keys)
STRING = ValueType("string", "{name}-string")
LIST = ValueType("list", "{name}-string", is_list=True)
PATH = ValueType("path", "{name}-path")
ADDRESS = ValueType("address", "ip-address", _address, is_address=True)
MAC = ValueType("mac", "mac-address", _mac)
PORT = integer(0, 65535, word="{name}-number", name="port")
VLAN = integer(0, 4095, name="vlan")
VNI = integer(0, (1 << 24) - 1, name="vni")
NUMBER = integer(0, (1 << 63) - 1, word="{name}-number", name="number")
COUNT = ValueType("count", "{name}-number", units.parse_count, units.show_count, json_type="integer", is_number=True)
BYTES = ValueType("bytes", "{name}-size", units.parse_size, units.show_size, json_type="integer", is_number=True)
LATENCY = ValueType(
    "latency",
    "duration: #d#h#m#s",
    units.parse_duration,
    units.show_latency,
    json_type="integer",
    is_number=True,
)
DURATION = ValueType(
    "duration",
    "duration: #d#h#m#s",
    units.parse_duration,
    units.show_duration,
    json_type="integer",
    is_number=True,
)
TIME = ValueType(
    "time",
    "date/time: yyyy-mm-ddTHH:mm:ss",
    units.parse_time,
    units.show_time,
    json_type="integer",
    is_number=True,
)
PERCENT = ValueType(
    "percent",
    "0..100",
    units.parse_percent,
    units.show_percent,
    json_type="number",
    is_number=True,
)
ON_OFF = boolean("on", "off")
ENABLE = boolean("enable", "disable")
YES_NO = boolean("yes", "no")
