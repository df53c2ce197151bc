"""A cluster's network on one machine: two nodes, their Pods, a switch with a mirror port, and an API server.

What enters: the kernel's network namespaces, and one typed description (`objects.truth`) from which both the data
plane and the Kubernetes objects are built. What does not: anything of podwire, which the lab knows only by its command
line.
"""

from __future__ import annotations

from podwire_lab.errors import LabError
from podwire_lab.lab import Lab
from podwire_lab.objects.truth import PLANE_NAMES
from podwire_lab.traffic import Outcome

__all__ = ["PLANE_NAMES", "Lab", "LabError", "Outcome"]
