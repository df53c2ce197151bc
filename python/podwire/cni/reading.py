"""Reads what clusters hold without ever raising: flags, environment, JSON as Go reads it, ranges, image tags.

Everything here comes from outside and may be broken or hostile. A reader answers None (or what is left) where a value
cannot be understood; the detector says so in its finding.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml
from msgspec import Struct

from podwire.model.evidence import ConfigMap, Container, Evidence, Node

LONGEST_TEXT = 300
"""Characters of a sentence or a name from outside that are kept."""

MOST_RANGES = 64
"""Pod ranges that a finding lists; clusters with more are summed up by their first ones."""

_VERSION = re.compile(r"v?\d+(\.\d+)+[\w.+-]*")
_ARCHITECTURE = re.compile(r"-(amd64|arm64|arm|ppc64le|s390x|riscv64)$")
_NO_PROGRAM = re.compile(r"/(var|etc|proc|sys|run|dev|tmp)/|(ds|daemonsets?|pods?|deploy(ment)?s?)(\.apps)?/")
_LONGEST_YAML = 262_144
_JSON_DEPTH_FAULT = "it is nested too deeply"


def plain(text: str) -> str:
    """Return `text` without control characters, at most LONGEST_TEXT long: it is printed on terminals."""
    kept = "".join(char if char.isprintable() else " " for char in text[: LONGEST_TEXT + 1])
    return kept if len(kept) <= LONGEST_TEXT else kept[: LONGEST_TEXT - 1] + "…"


def word(value: object) -> str:
    """Return a value from outside as one plain, lower-case word; empty where it is no text."""
    return plain(value).strip().lower()[:64] if isinstance(value, str) else ""


def counted(count: int, noun: str) -> str:
    """Return `3 nodes`, `1 node`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def some(names: Iterable[str], most: int = 3) -> str:
    """Return the first names, and how many more there are."""
    listed = list(names)
    rest = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {rest} more" if rest > 0 else "")


class Fields:
    """A JSON object as Go's encoding/json sees it: keys match without regard to case, the last one wins.

    The getters return None for what is absent and note in `wrong` what has another type than the program expects.
    """

    def __init__(self, values: Mapping[str, Any], path: str = "", wrong: list[str] | None = None) -> None:
        self._values = {key.lower(): value for key, value in values.items() if isinstance(key, str)}
        self._path = path
        self.wrong: list[str] = [] if wrong is None else wrong

    def __contains__(self, name: str) -> bool:
        return self._values.get(name.lower()) is not None

    def text(self, name: str) -> str | None:
        """Return a string."""
        value = self._values.get(name.lower())
        if isinstance(value, str):
            return value
        self._refuse(name, value)
        return None

    def number(self, name: str) -> int | None:
        """Return an integer; true and false are none, 1.5 is none."""
        value = self._values.get(name.lower())
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self._refuse(name, value)
        return None

    def flag(self, name: str) -> bool | None:
        """Return true or false."""
        value = self._values.get(name.lower())
        if isinstance(value, bool):
            return value
        self._refuse(name, value)
        return None

    def inner(self, name: str) -> Fields | None:
        """Return an object."""
        value = self._values.get(name.lower())
        if isinstance(value, dict):
            return Fields(value, f"{self._path}{name}.", self.wrong)
        self._refuse(name, value)
        return None

    def _refuse(self, name: str, value: object) -> None:
        if value is not None:
            self.wrong.append(f"{self._path}{name} is {plain(json_text(value))[:40]}, which is of the wrong type")


def json_text(value: object) -> str:
    """Return a value from JSON or YAML as short text for a sentence."""
    try:
        return json.dumps(value, default=str)
    except (TypeError, ValueError, RecursionError):
        return type(value).__name__


def parse_json(text: str) -> tuple[Any, str]:
    """Return what `text` holds and an empty string, or None and why it is not JSON."""
    try:
        return json.loads(text), ""
    except json.JSONDecodeError as fault:
        return None, f"{fault.msg.lower()} at line {fault.lineno}"
    except RecursionError:
        return None, _JSON_DEPTH_FAULT
    except ValueError:
        return None, "a number in it is too long"


def parse_yaml(text: object) -> object:
    """Return what a short YAML text holds, every scalar as a string; None where it is none."""
    if not isinstance(text, str) or len(text) > _LONGEST_YAML:
        return None
    try:
        parsed: object = yaml.BaseLoader(text).get_single_data()
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return parsed


def dig(value: object, *path: str) -> Any:
    """Follow keys into nested objects; None where the way ends early."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list; nothing where it is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def truth(text: str) -> bool | None:
    """Read true or false as Felix and Go do (felix/config/param_types.go, strconv.ParseBool)."""
    text = text.strip().lower()
    if text in {"true", "1", "yes", "y", "t"}:
        return True
    return False if text in {"false", "0", "no", "n", "f"} else None


def whole(text: str) -> int | None:
    """Read a decimal number of at most ten digits."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None


class Setting(Struct, frozen=True):
    """A value of a container's environment: its text, or why it is not known, and where it stands."""

    text: str | None
    where: str


def config_map(evidence: Evidence, namespace: str, name: str) -> ConfigMap | None:
    """Return the ConfigMap of that name, if it was read."""
    return next((each for each in evidence.config_maps if (each.namespace, each.name) == (namespace, name)), None)


def is_denied(evidence: Evidence, *keys: str) -> bool:
    """Return whether any of the keys stands among what may not be read."""
    return any(key in evidence.denied for key in keys)


def env(container: Container, evidence: Evidence, namespace: str, name: str) -> Setting | None:
    """Return an environment variable, looked up through a ConfigMap where it comes from one; None where it is not set.

    Names match without regard to case, as Felix matches its own (felix/config/env_var_loader.go). A reference that
    cannot be followed has the text None.
    """
    wanted = name.lower()
    for variable in reversed(container.env):
        if variable.name.lower() != wanted:
            continue
        if variable.value is not None:
            return Setting(variable.value, f"{name} of container {container.name}")
        if not variable.config_map:
            return Setting(None, f"{name} of container {container.name}")
        source = config_map(evidence, namespace, variable.config_map)
        text = None if source is None else source.data.get(variable.config_map_key)
        return Setting(text, f"ConfigMap {namespace}/{variable.config_map} {variable.config_map_key}")
    return _env_from(container, evidence, namespace, wanted)


def _env_from(container: Container, evidence: Evidence, namespace: str, wanted: str) -> Setting | None:
    """Return a variable that comes with a whole ConfigMap; of several the last one counts."""
    for prefix, name in reversed(container.env_from):
        source = config_map(evidence, namespace, name)
        for key, text in source.data.items() if source is not None else ():
            if f"{prefix}{key}".lower() == wanted:
                return Setting(text, f"ConfigMap {namespace}/{name} {key}")
    return None


def env_text(container: Container, evidence: Evidence, namespace: str, name: str) -> str:
    """Return an environment variable's text, or an empty string."""
    found = env(container, evidence, namespace, name)
    return "" if found is None or found.text is None else found.text


def words(container: Container) -> Iterator[str]:
    """Yield the words of a container's command line, those inside a shell's `-c` text too."""
    for part in (*container.command, *container.args):
        yield from part.split()


def programs(container: Container) -> set[str]:
    """Return the base names of what could be a program on the command line, without `.exe`.

    Files below folders for data (`tail -f /var/log/x`) and objects of Kubernetes (`daemonset/x`) are none.
    """
    return {
        re.split(r"[/\\]", each)[-1].lower().removesuffix(".exe")
        for each in words(container)
        if not each.startswith("-") and not _NO_PROGRAM.match(each)
    }


def flags(line: Iterable[str]) -> dict[str, str]:
    """Return the options of a command line: `--a=b`, `--a b` and `--a` (which is `true`); the last one wins."""
    found: dict[str, str] = {}
    last = ""
    for each in line:
        if each.startswith("-") and each.strip("-"):
            last, equals, value = each.lstrip("-").partition("=")
            found[last] = value if equals else "true"
            last = "" if equals else last
        elif last:
            found[last] = each
            last = ""
    return found


def network(text: object) -> str | None:
    """Return an address range in its canonical form; None where it is none, or where it is everything (`0.0.0.0/0`)."""
    if not isinstance(text, str) or "/" not in text:
        return None
    try:
        parsed = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    return str(parsed) if parsed.prefixlen else None


def networks(texts: Iterable[object]) -> tuple[str, ...]:
    """Return the ranges that can be read, each once, in their order, at most MOST_RANGES."""
    found = dict.fromkeys(each for each in map(network, texts) if each is not None)
    return tuple(found)[:MOST_RANGES]


def node_ranges(nodes: Iterable[Node]) -> tuple[str, ...]:
    """Return the nodes' Pod ranges, neighbours joined, IPv4 first, at most MOST_RANGES."""
    texts = [text for node in nodes for text in map(network, node.pod_cidrs) if text is not None]
    four = ipaddress.collapse_addresses(ipaddress.IPv4Network(each) for each in texts if ":" not in each)
    six = ipaddress.collapse_addresses(ipaddress.IPv6Network(each) for each in texts if ":" in each)
    return tuple(str(each) for each in [*four, *six][:MOST_RANGES])


def is_ipv6(text: str) -> bool:
    """Return whether a canonical range is one of IPv6."""
    return ":" in text


def image_version(image: str) -> str:
    """Return the tag of an image where it looks like a version, without an architecture, else an empty string."""
    tag = _ARCHITECTURE.sub("", image.partition("@")[0].rpartition("/")[2].partition(":")[2])
    return tag[:64] if _VERSION.fullmatch(tag) else ""


def is_windows(node: Node) -> bool:
    """Return whether a node runs Windows, by what it reports or by its label."""
    return (node.os or node.labels.get("kubernetes.io/os", "")).lower() == "windows"
