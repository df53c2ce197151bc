"""A real control plane and real flanneld, in network namespaces: etcd, kube-apiserver, controllers, scheduler, nodes.

The programs are those that `scripts/build-kubernetes` builds. Only the kubelets are not real, since containers need a
runtime: see `real_kubelet`. The wire, and what the API server answers, are as in any cluster.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.live.conftest import eventually
from tests.live.real_kubelet import NODES, Kubelet, Object, Place, condition

from podwire_lab.apiserver.access import User
from podwire_lab.apiserver.pki import Authority, write_kubeconfig
from podwire_lab.links import links
from podwire_lab.mirror import MIRROR, copy_port, make_mirror
from podwire_lab.namespaces import Namespace, popen_in, write_sysctls
from podwire_lab.objects import flannel
from podwire_lab.objects.truth import PLANES, Cluster, Node, mac_for

SERVER = "192.0.2.1"
SWITCH = "switch"
ETCD = "http://127.0.0.1:2379"


class RealCluster:
    """Everything that runs between `__enter__` and `__exit__`."""

    def __init__(self, programs: Path, folder: Path, backend: Object) -> None:
        """`backend` is what flannel's net-conf.json says of it, as {"Type": "vxlan"}."""
        self._programs = programs
        self._folder = folder
        self._backend = backend
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.networks: dict[str, Namespace] = {}
        self._kubelet = Kubelet(self.kubectl, self.networks)
        self.kubeconfig = folder / "admin.kubeconfig"
        self.mirror = MIRROR

    def __enter__(self) -> Self:
        try:
            self._build_network()
            self._write_keys()
            self._start("etcd", "--data-dir", str(self._folder / "etcd"), "--unsafe-no-fsync", *_urls())
            self.start_server()
            self._start_controllers()
            self._add_nodes()
            self._start_flannel()
            self._kubelet.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._kubelet.close()
        for name in reversed(list(self._running)):
            self.stop(name)
        for network in self.networks.values():
            network.close()

    def kubectl(self, *words: str, given: Any = None) -> str:
        """Run kubectl as the administrator; raise RuntimeError where it fails."""
        command = [str(self._programs / "kubectl"), "--kubeconfig", str(self.kubeconfig), *words]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = self.run_in_switch(command, text=True, **pipes)
        out, complaint = process.communicate(None if given is None else json.dumps(given), timeout=60)
        if process.returncode:
            raise RuntimeError(f"kubectl {' '.join(words)}: {complaint}")
        return str(out)

    def run_in_switch(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a program beside the API server, where podwire runs too."""
        return popen_in(self.networks[SWITCH].path, command, **options)

    def places(self) -> list[Place]:
        """Return the Pods that run, by what the kubelets do."""
        return self._kubelet.places()

    def start_server(self) -> None:
        """Start the API server and wait until it is ready."""
        keys = self._folder
        self._start(
            "kube-apiserver",
            *(f"--etcd-servers={ETCD}", f"--bind-address={SERVER}", "--secure-port=6443"),
            *(f"--tls-cert-file={keys}/server.crt", f"--tls-private-key-file={keys}/server.key"),
            *(f"--client-ca-file={keys}/ca.crt", "--authorization-mode=RBAC", "--allow-privileged=true"),
            *("--service-cluster-ip-range=10.96.0.0/16", "--service-account-issuer=https://kubernetes.default.svc"),
            f"--service-account-key-file={keys}/accounts.key",
            f"--service-account-signing-key-file={keys}/accounts.key",
        )

        def is_ready() -> bool:
            with contextlib.suppress(RuntimeError):
                return self.kubectl("get", "--raw", "/readyz") == "ok"
            return False

        eventually(is_ready)

    def stop(self, name: str) -> None:
        """End one of the programs at once, as a crash would."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def _start(self, name: str, *words: str, network: str = SWITCH, called: str = "", **options: Any) -> None:
        called = called or name
        with (self._folder / f"{called}.log").open("ab") as log:
            command = [str(self._programs / name), *words]
            self._running[called] = popen_in(self.networks[network].path, command, stdout=log, stderr=log, **options)

    def _build_network(self) -> None:
        switch = self.networks[SWITCH] = Namespace(SWITCH)
        for node in NODES:
            self.networks[node.name] = Namespace(node.name)

        def plug() -> None:
            with links() as own:
                own.up("lo")
                own.bridge("br0", mac_for("br0"))
                own.address("br0", SERVER, 24)
                make_mirror(own)
                for node in NODES:
                    port = f"sw{node.number}"
                    own.veth((port, mac_for(port)), ("eth0", node.mac), 1500, self.networks[node.name])
                    own.join(port, "br0")
                    copy_port(own, port)

        switch.run(plug)
        for node in NODES:
            self.networks[node.name].run(lambda node=node: _start_node(node))

    def _write_keys(self) -> None:
        authority, admin = Authority(), User("kubernetes-admin", ("system:masters",), is_admin=True)
        server = authority.server((SERVER, "10.96.0.1"))
        accounts = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        for name, text in (
            ("ca.crt", authority.certificate),
            ("server.crt", server.certificate),
            ("server.key", server.key),
            ("accounts.key", accounts),
        ):
            (self._folder / name).write_bytes(text)
        write_kubeconfig(self.kubeconfig, f"https://{SERVER}:6443", authority, admin, authority.client(admin))

    def _start_controllers(self) -> None:
        common = (f"--kubeconfig={self.kubeconfig}", "--leader-elect=false")
        self._start(
            "kube-controller-manager",
            *common,
            *("--allocate-node-cidrs", f"--cluster-cidr={flannel.CLUSTER_CIDR}"),
            f"--service-account-private-key-file={self._folder}/accounts.key",
            f"--root-ca-file={self._folder}/ca.crt",
            # No kubelet renews a lease here.
            "--controllers=*,-node-lifecycle-controller",
        )
        self._start("kube-scheduler", *common)

    def _add_nodes(self) -> None:
        for node in NODES:
            meta = {"name": node.name, "labels": {"kubernetes.io/hostname": node.name}}
            self.kubectl("create", "-f", "-", given={"apiVersion": "v1", "kind": "Node", "metadata": meta})
            self._kubelet.patch_status("node", node.name, _node_status(node))
            self.kubectl("taint", "node", node.name, "node.kubernetes.io/not-ready-")
        for node in NODES:
            eventually(lambda node=node: bool(self._kubelet.pod_cidr(node)))

    def _start_flannel(self) -> None:
        for each in flannel.objects(Cluster(PLANES["flannel-vxlan"])):
            meta = {
                name: each["metadata"][name] for name in ("name", "namespace", "labels") if name in each["metadata"]
            }
            told = {name: value for name, value in each.items() if name != "status"} | {"metadata": meta}
            if each["kind"] == "ConfigMap":
                told["data"]["net-conf.json"] = json.dumps({"Network": flannel.CLUSTER_CIDR, "Backend": self._backend})
                (self._folder / "net-conf.json").write_text(told["data"]["net-conf.json"])
            self.kubectl("create", "-f", "-", given=told)
            if each["kind"] == "Namespace":
                self.kubectl("create", "serviceaccount", "flannel", "-n", flannel.WHERE)
        for node in NODES:
            self._start(
                "flanneld",
                *("--kube-subnet-mgr", f"--kubeconfig-file={self.kubeconfig}", "--iface=eth0", "--ip-masq=false"),
                f"--net-config-path={self._folder}/net-conf.json",
                f"--subnet-file={self._folder}/{node.name}.subnet",
                network=node.name,
                called=f"flanneld-{node.name}",
                env={"NODE_NAME": node.name},
            )


def _urls() -> tuple[str, ...]:
    peers = "http://127.0.0.1:2380"
    return ("--listen-client-urls", ETCD, "--advertise-client-urls", ETCD, "--listen-peer-urls", peers)


def _start_node(node: Node) -> None:
    write_sysctls({"net/ipv4/ip_forward": "1", "net/ipv4/conf/all/rp_filter": "0"})
    with links() as own:
        own.up("lo")
        own.up("eth0")
        own.address("eth0", node.address, 24)
        own.default_via(SERVER, "eth0")


def _node_status(node: Node) -> Object:
    room = {"cpu": "64", "memory": "64Gi", "pods": "110"}
    addresses = [{"type": "InternalIP", "address": node.address}, {"type": "Hostname", "address": node.name}]
    return {"addresses": addresses, "capacity": room, "allocatable": room, "conditions": [condition("Ready")]}
