"""What goes wrong with clusters: each case its own clear sentence, and all else runs on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from podwire_lab import Lab

from .conftest import PODWIRE, Switch, eventually, running_switch

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab("flannel-vxlan") as lab:
        yield lab


@pytest.fixture
def switch(tmp_path: Path, lab: Lab) -> Iterator[Switch]:
    """A daemon that follows one healthy cluster, which must stay healthy whatever happens to others."""
    with running_switch(Switch(tmp_path, lab.run_in_switch, "--interface", lab.mirror)) as switch:
        switch.cli(f"k8s-connection-create cluster-name good kube-config {lab.kubeconfig} enable create-vport")
        yield switch
        lab.api.clear_faults()
        lab.api.up()
        good = switch.rows("k8s-connection-show cluster-name good")
        if good:
            eventually(lambda: state_of(switch, "good") == "connected")


def state_of(switch: Switch, name: str) -> str:
    state: str = switch.rows(f"k8s-connection-show cluster-name {name}")[0]["state"]
    return state


def edited(lab: Lab, path: Path, edit: Callable[[dict[str, list[dict[str, dict[str, str]]]]], None]) -> Path:
    """Write the lab's kubeconfig with one thing changed."""
    document = yaml.safe_load(lab.kubeconfig.read_text(encoding="utf-8"))
    edit(document)
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def test_names_are_unique_and_must_exist(switch: Switch, lab: Lab) -> None:
    create = f"k8s-connection-create cluster-name good kube-config {lab.kubeconfig} enable"
    assert "good already exists" in switch.refusal(create)
    for command in ("k8s-connection-modify cluster-name none enable", "k8s-connection-delete cluster-name none"):
        assert "none does not exist" in switch.refusal(command)


def test_the_limits_name_the_setting_that_raises_them(switch: Switch, lab: Lab) -> None:
    for name in ("b", "c", "d"):
        switch.cli(f"k8s-connection-create cluster-name {name} kube-config {lab.kubeconfig} disable")
    fifth = f"k8s-connection-create cluster-name e kube-config {lab.kubeconfig} disable"
    assert "k8s-settings-modify max-connections 5" in switch.refusal(fifth)
    switch.cli("k8s-settings-modify max-connections 5")
    switch.cli(fifth)

    switch.cli("k8s-connection-modify cluster-name good overlay-vxlan-analytics")
    second = "k8s-connection-modify cluster-name b overlay-vxlan-analytics"
    assert "k8s-settings-modify max-overlay-connections 2" in switch.refusal(second)
    switch.cli("k8s-settings-modify max-overlay-connections 2")
    switch.cli(second)
    assert "cluster-name" in switch.refusal("k8s-connection-modify create-vport")


def test_inflight_vxlan_analytics_stays_while_a_connection_needs_it(switch: Switch) -> None:
    switch.cli("k8s-connection-modify overlay-vxlan-analytics")
    assert "no-overlay-vxlan-analytics" in switch.refusal("vflow-settings-modify no-inflight-vxlan-analytics")
    switch.cli("k8s-connection-modify no-overlay-vxlan-analytics")
    assert switch.rows("vflow-settings-show")[0]["inflight-vxlan-analytics"] is False


@pytest.mark.parametrize(
    ("content", "state", "sentence"),
    [
        (None, "no-kubeconfig", "There is no kubeconfig"),
        ("a: [", "bad-kubeconfig", "is not YAML"),
        ("- 1\n", "bad-kubeconfig", "is not a kubeconfig"),
        ("clusters: []\ncontexts: []\n", "bad-kubeconfig", "has no current-context"),
        ("clusters: []\ncontexts: []\ncurrent-context: x\n", "bad-kubeconfig", 'has no context "x"'),
    ],
    ids=["missing", "not-yaml", "foreign", "no-current-context", "context-missing"],
)
def test_a_bad_kubeconfig_is_told_and_the_connection_kept(
    switch: Switch, tmp_path: Path, lab: Lab, content: str | None, state: str, sentence: str
) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert sentence in switch.note(f"k8s-connection-create cluster-name bad kube-config {path} enable")
    row = switch.rows("k8s-connection-show cluster-name bad")[0]
    assert (row["state"], sentence in row["last-error"]) == (state, True)
    # A repaired file is taken up by itself.
    path.write_bytes(lab.kubeconfig.read_bytes())
    eventually(lambda: state_of(switch, "bad") == "connected")


def test_a_kubeconfig_that_is_a_folder(switch: Switch, tmp_path: Path) -> None:
    note = switch.note(f"k8s-connection-create cluster-name bad kube-config {tmp_path} enable")
    assert "is a directory" in note


def test_a_server_that_is_down(switch: Switch, lab: Lab, tmp_path: Path) -> None:
    def elsewhere(document: dict[str, list[dict[str, dict[str, str]]]]) -> None:
        document["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"

    path = edited(lab, tmp_path / "config", elsewhere)
    note = switch.note(f"k8s-connection-create cluster-name down kube-config {path} enable")
    assert "127.0.0.1:1" in note
    assert state_of(switch, "down") == "unreachable"


def test_a_certificate_that_does_not_verify(switch: Switch, lab: Lab, tmp_path: Path) -> None:
    def without_authority(document: dict[str, list[dict[str, dict[str, str]]]]) -> None:
        for key in ("certificate-authority", "certificate-authority-data"):
            document["clusters"][0]["cluster"].pop(key, None)

    path = edited(lab, tmp_path / "config", without_authority)
    note = switch.note(f"k8s-connection-create cluster-name untrusted kube-config {path} enable")
    assert "certificate" in note
    assert state_of(switch, "untrusted") == "certificate"


def test_a_refused_token_is_told_without_telling_it(switch: Switch, lab: Lab, tmp_path: Path) -> None:
    def with_bad_token(document: dict[str, list[dict[str, dict[str, str]]]]) -> None:
        document["users"][0]["user"] = {"token": "sesame-open-secret"}

    path = edited(lab, tmp_path / "config", with_bad_token)
    note = switch.note(f"k8s-connection-create cluster-name stranger kube-config {path} enable")
    assert "401" in note or "credentials" in note
    assert state_of(switch, "stranger") == "unauthorized"
    answers = note + switch.cli("k8s-connection-show layout vertical format all") + switch.log
    assert "sesame" not in answers


def test_a_right_that_is_missing_is_named(switch: Switch, lab: Lab) -> None:
    lab.api.fault(code=403, resource="pods")
    note = switch.note(f"k8s-connection-create cluster-name poor kube-config {lab.kubeconfig} enable")
    assert "pods" in note
    assert state_of(switch, "poor") == "forbidden"


def test_a_server_that_goes_and_comes_back(switch: Switch, lab: Lab) -> None:
    lab.api.down()
    eventually(lambda: state_of(switch, "good") == "unreachable")
    # The tables keep what they last knew.
    assert len(switch.rows("vport-show namespace default")) == 2
    lab.api.up()
    eventually(lambda: state_of(switch, "good") == "connected")


def test_a_damaged_state_is_set_aside_and_named(switch: Switch) -> None:
    switch.stop()
    (switch.folder / "state" / "configuration.json").write_text('{"revision": 3, "conf', encoding="utf-8")
    switch.start()
    warning = switch.rows("switch-info-show")[0]["warning"]
    assert "configuration.json.damaged-" in warning
    assert warning in switch.log
    assert switch.rows("k8s-connection-show") == []
    path = next((switch.folder / "state").glob("configuration.json.damaged-*"))
    assert path.read_text(encoding="utf-8") == '{"revision": 3, "conf'


def test_a_second_daemon_does_not_take_the_first_ones_place(switch: Switch, lab: Lab) -> None:
    for words, sentence in (
        (("--state-dir", str(switch.folder / "other"), "--socket", str(switch.socket)), "Another podwire serves"),
        (("--state-dir", str(switch.folder / "state"), "--socket", "/nowhere"), "Another podwire uses the state"),
    ):
        process = lab.run_in_switch([PODWIRE, "serve", *words], stderr=-1, text=True)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 1
        assert sentence in errors
    assert switch.run("switch-info-show").returncode == 0


def test_an_interface_that_does_not_exist_is_shown_and_awaited(lab: Lab, tmp_path: Path) -> None:
    with running_switch(Switch(tmp_path, lab.run_in_switch, "--interface", "nothing0")) as switch:
        switch.cli("connection-stats-settings-modify enable")
        eventually(lambda: bool(switch.rows("capture-show")))
        assert "nothing0" in switch.rows("capture-show")[0]["interface"]
        assert "nothing0" in switch.note("connection-show")


def test_an_empty_table_says_why(lab: Lab, tmp_path: Path) -> None:
    with running_switch(Switch(tmp_path, lab.run_in_switch)) as switch:
        assert "disabled" in switch.note("connection-show")
        switch.cli("connection-stats-settings-modify enable")
        assert "--interface" in switch.note("connection-show")
        assert "k8s-connection-create" in switch.note("vport-show")
        assert "k8s-connection-create" in switch.note("k8s-cni-show")
        assert "k8s-connection-create" in switch.note("k8s-connection-show")
