"""Which proxy a request goes through: the kubeconfig's `proxy-url`, else that of the environment, as kubectl has it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from podwire.kube.errors import KubeconfigError

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_DEFAULT_PORTS = {"http": 80, "https": 443}


def proxy_for(server: str, proxy_url: str, environment: Mapping[str, str]) -> str:
    """Return the address of the proxy on the way to `server`; empty where there is none.

    HTTPS_PROXY, HTTP_PROXY and NO_PROXY are read as Go's net/http does (golang.org/x/net/http/httpproxy): this host
    itself is never asked through a proxy of the environment. Raises KubeconfigError for kinds of proxy that podwire
    does not speak to: HTTP and HTTPS proxies are what it knows.
    """
    if proxy_url:
        return _checked(proxy_url, "proxy-url in the kubeconfig")
    parts = urlsplit(server)
    name = f"{parts.scheme}_proxy"
    found = environment.get(name.upper()) or environment.get(name) or ""
    if not found or _is_exempt(parts, environment.get("NO_PROXY") or environment.get("no_proxy") or ""):
        return ""
    return _checked(found if "://" in found else f"http://{found}", f"proxy in {name.upper()}")


def _checked(url: str, what: str) -> str:
    try:
        parts = urlsplit(url)
        is_address, scheme = bool(parts.hostname) and (parts.port or 1) > 0, parts.scheme
    except ValueError:
        is_address, scheme = False, ""
    if scheme.startswith("socks"):
        raise KubeconfigError(f"The {what} is a SOCKS proxy, which podwire cannot use: give an HTTP proxy.")
    if not is_address or scheme not in _DEFAULT_PORTS:
        raise KubeconfigError(f"The {what} is not an address like http://host:3128: correct it.")
    return url


def _is_exempt(server: SplitResult, no_proxy: str) -> bool:
    host, port = server.hostname or "", server.port or _DEFAULT_PORTS[server.scheme]
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    return any(_matches(each.strip().lower(), host, port, address) for each in no_proxy.split(","))


def _matches(rule: str, host: str, port: int, address: IpAddress | None) -> bool:
    if rule in ("", "*"):
        return rule == "*"
    if "/" in rule:
        return address is not None and _is_within(address, rule)
    rule_host, rule_port = _split_port(rule)
    if rule_port and rule_port != str(port):
        return False
    if address is not None:
        return _address(rule_host) == address
    below = rule_host.removeprefix("*")
    # `.example.org` means what is below the domain, `example.org` the domain itself too.
    return host.endswith(below) if below.startswith(".") else host == below or host.endswith(f".{below}")


def _is_within(address: IpAddress, network: str) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _split_port(rule: str) -> tuple[str, str]:
    if _address(rule) is not None:
        return rule, ""
    host, colon, port = rule.rpartition(":")
    return (host.strip("[]"), port) if colon else (rule.strip("[]"), "")


def _address(text: str) -> IpAddress | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
