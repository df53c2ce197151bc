"""Everything that speaks to a Kubernetes API server, or reads a kubeconfig or Kubernetes objects.

In come kubeconfigs, API answers and files; out go Pods, Services, owners, evidence and the state of the connection.
Which CNI plugin the evidence means, and what a Pod's address is used for, is decided elsewhere. Reads only: nothing in
a cluster is changed.
"""

from podwire.kube.check import CheckReport, Right, check
from podwire.kube.cluster import ClusterFollower
from podwire.kube.errors import KubeError
from podwire.kube.kubeconfig import KubeconfigSource
from podwire.kube.offline import LoadedCluster, ObjectsError, load_cluster, load_objects
from podwire.kube.related import OwnerSink, ServiceSink
from podwire.kube.sinks import ClusterSink
from podwire.kube.state import ClusterState

__all__ = [
    "CheckReport",
    "ClusterFollower",
    "ClusterSink",
    "ClusterState",
    "KubeError",
    "KubeconfigSource",
    "LoadedCluster",
    "ObjectsError",
    "OwnerSink",
    "Right",
    "ServiceSink",
    "check",
    "load_cluster",
    "load_objects",
]
