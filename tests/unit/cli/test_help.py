"""Help has the words and the order of the reference page."""

from __future__ import annotations

from podwire.cli.help import command_help, general_help, words_help
from podwire.cli.keywords import COMMANDS

CNI_HELP = """\
k8s-cni-show                               Display CNI information.
cluster-name cluster-name-string           The name of the Kubernetes cluster.
start-time date/time: yyyy-mm-ddTHH:mm:ss  The start time of statistics collection.
end-time date/time: yyyy-mm-ddTHH:mm:ss    The end time of statistics collection.
duration duration: #d#h#m#s                The duration of statistics collection.
interval duration: #d#h#m#s                The interval between statistic collection.
since-start                                Statistics collected since start time.
older-than duration: #d#h#m#s              Display statistics older than the specified duration.
within-last duration: #d#h#m#s             Display statistics within the last specified duration.
cni-plugin cni-plugin-string               The CNI plugin name.
backend backend-string                     The backend used by the CNI plugin.
udp-port udp-port-number                   The VXLAN destination port.
vxlan 0..16777215                          The VXLAN ID for the vFlow.
network-type network-type-string           The network type implemented by the CNI plugin.
"""
MODIFY_HELP = """\
k8s-connection-modify                               Modify a Kubernetes connection.
cluster-name cluster-name-string                    The name of the Kubernetes cluster.
one or more of the following options:
kube-config kube-config-path                        The kubeconfig file on the switch.
enable|disable                                      Enable or disable the Kubernetes connection.
create-vport|no-create-vport                        Create vPort table entries for the Pods.
overlay-vxlan-analytics|no-overlay-vxlan-analytics  Show the connections inside the cluster's VXLAN overlay; those of other kinds are always shown.
interface interface[,interface…]|any                Where the cluster's packets are seen, to tell it from others with the same addresses.
vlan vlan[,vlan…]|any                               The VLANs of the cluster's packets, to tell it from others with the same addresses.
"""  # noqa: E501 - as it is printed


def test_k8s_cni_show_begins_as_on_the_reference_page() -> None:
    assert command_help(COMMANDS["k8s-cni-show"]).startswith(CNI_HELP)


def test_how_to_print_comes_last() -> None:
    keywords = [line.split()[0] for line in command_help(COMMANDS["vport-show"]).splitlines()]
    assert keywords[-19:] == [
        "format",
        "layout",
        "parsable-delim",
        "show-headers|no-show-headers",
        "sort-asc",
        "sort-desc",
        "show-dups|no-show-dups",
        "limit-output",
        "count-output|no-count-output",
        "count-output-sum|no-count-output-sum",
        "sum-by",
        "unscaled|scaled",
        "raw-int-values|no-raw-int-values",
        "show-interval",
        "follow|no-follow",
        "--json",
        "--csv",
        "--parquet",
        "not",
    ]


def test_a_verb_that_needs_one_option_says_so() -> None:
    assert command_help(COMMANDS["k8s-connection-modify"]) == MODIFY_HELP


def test_a_verb_without_options_is_one_line() -> None:
    assert command_help(COMMANDS["connection-clear"]) == "connection-clear  Forget every connection of the table.\n"


def test_the_list_has_every_command() -> None:
    listed = {line.split()[0] for line in general_help().splitlines()}
    assert set(COMMANDS) | {"exit", "help", "pager", "quit", "switch", "switch-local"} == listed


def test_parts_of_help() -> None:
    assert [line.split()[0] for line in general_help("vport-s").splitlines()] == ["vport-show"]
    assert [line.split()[0] for line in words_help(COMMANDS["vport-show"], "sort").splitlines()] == [
        "sort-asc",
        "sort-desc",
    ]
