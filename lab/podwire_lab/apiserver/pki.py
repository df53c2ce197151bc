"""The lab's certificate authority, made anew for each lab, and the kubeconfig files that trust it."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from podwire_lab.apiserver.access import User

VALID_DAYS = 7
_HOSTS = ("localhost", "kubernetes", "kubernetes.default.svc")


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, as PEM."""

    certificate: bytes
    key: bytes


def _name(common: str, organisations: tuple[str, ...] = ()) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, item) for item in organisations]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common)])


class Authority:
    """A certificate authority whose key lives in memory only."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("podwire-lab-ca")
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        builder = self._builder(self._name, self._key.public_key()).add_extension(constraints, critical=True)
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        signed = builder.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        self.certificate = signed.public_bytes(serialization.Encoding.PEM)

    def server(self, addresses: tuple[str, ...]) -> Pair:
        """A server certificate for some IP addresses and the usual names of an API server."""
        names: list[x509.GeneralName] = [x509.DNSName(host) for host in _HOSTS]
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        return self._issue(_name("kube-apiserver"), ExtendedKeyUsageOID.SERVER_AUTH, names)

    def client(self, user: User) -> Pair:
        """A client certificate: the user's name is the common name, its groups are organisations."""
        return self._issue(_name(user.name, user.groups), ExtendedKeyUsageOID.CLIENT_AUTH, [])

    def _issue(self, subject: x509.Name, usage: x509.ObjectIdentifier, names: list[x509.GeneralName]) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(subject, key.public_key())
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(own, critical=False).add_extension(issuer, critical=False)
        signed = builder.sign(self._key, hashes.SHA256())
        plain = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return Pair(signed.public_bytes(serialization.Encoding.PEM), plain)

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        moment = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(moment - datetime.timedelta(minutes=5))
            .not_valid_after(moment + datetime.timedelta(days=VALID_DAYS))
        )


def server_context(authority: Authority, pair: Pair, folder: Path) -> ssl.SSLContext:
    """TLS as the API server speaks it: client certificates are asked for and verified, but not required.

    The pair is written to `folder` for a moment, since `ssl` reads it from files only.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    path = folder / "server.pem"
    path.touch(mode=0o600)
    try:
        path.write_bytes(pair.certificate + pair.key)
        context.load_cert_chain(path)
    finally:
        path.unlink()
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=authority.certificate.decode())
    return context


def write_kubeconfig(path: Path, server: str, authority: Authority, user: User, pair: Pair | None = None) -> None:
    """Writes a kubeconfig, readable by its owner only: with a client certificate if there is one, else the token."""

    def inline(data: bytes) -> str:
        return base64.b64encode(data).decode()

    login: dict[str, Any] = {"token": user.token}
    if pair is not None:
        login = {"client-certificate-data": inline(pair.certificate), "client-key-data": inline(pair.key)}
    cluster = {"server": server, "certificate-authority-data": inline(authority.certificate)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "podwire-lab", "cluster": cluster}],
        "users": [{"name": user.name, "user": login}],
        "contexts": [{"name": "podwire-lab", "context": {"cluster": "podwire-lab", "user": user.name}}],
        "current-context": "podwire-lab",
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(document, sort_keys=False))
