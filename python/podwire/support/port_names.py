"""Names of ports as IANA registers them: the host's /etc/services, and the best known ones where it lacks them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

SERVICES = Path("/etc/services")

_MOST_BYTES = 4 << 20
"""What is read of the file; IANA's whole registry is 1.5 MB."""

_WELL_KNOWN = """
ftp 21 ssh 22 telnet 23 smtp 25 domain 53 http 80 kerberos 88 pop3 110 sunrpc 111 ntp 123 imap2 143 snmp 161
bgp 179 ldap 389 https 443 microsoft-ds 445 submission 587 ldaps 636 domain-s 853 imaps 993 pop3s 995 nfs 2049
etcd-client 2379 etcd-server 2380 iscsi-target 3260 mysql 3306 ms-wbt-server 3389 postgresql 5432 amqps 5671 amqp 5672
vxlan 4789 geneve 6081 redis 6379 http-alt 8080 pcsync-https 8443 zabbix-agent 10050 mongodb 27017
"""

_PROTOS = ("tcp", "udp", "sctp")

Names = Mapping[tuple[str, int], str]


@lru_cache(maxsize=1)
def port_names() -> Names:
    """Return names by protocol (`tcp`, `udp`, `sctp`) and port."""
    words = _WELL_KNOWN.split()
    names = {(proto, int(port)): name for name, port in zip(words[::2], words[1::2], strict=True) for proto in _PROTOS}
    try:
        with SERVICES.open("rb") as file:
            text = file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return names
    return {**names, **read_services(text)}


@lru_cache(maxsize=1)
def _ports() -> Mapping[str, tuple[int, ...]]:
    ports: dict[str, set[int]] = {}
    for (_, port), name in port_names().items():
        ports.setdefault(name, set()).add(port)
    return {name: tuple(sorted(each)) for name, each in ports.items()}


def ports_called(name: str) -> tuple[int, ...]:
    """Return the ports that have this name with some protocol; none where none has."""
    return _ports().get(name, ())


def app_name(proto: str | None, port: int) -> str | None:
    """Return the name of a port, its number where it has no name, and nothing for protocols without ports."""
    if proto not in _PROTOS:
        return None
    return port_names().get((proto, port)) or str(port)


def read_services(text: str) -> Names:
    """Read the form of /etc/services (services(5)): the first name of a port counts, what does not fit is left out."""
    names: dict[tuple[str, int], str] = {}
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) < 2:
            continue
        port, _, proto = words[1].partition("/")
        if port.isascii() and port.isdecimal() and len(port) <= 5 and proto and words[0].isprintable():
            names.setdefault((proto, int(port)), words[0])
    return names
