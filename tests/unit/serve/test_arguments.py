"""Whatever is wrong with the words of a subcommand is one line that says what to do, and exit status 1."""

from __future__ import annotations

import pytest

from podwire.__main__ import main


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["serve", "--nonsense"], "podwire serve: unknown option '--nonsense'; see podwire serve --help"),
        (["serve", "--interfce=eth0"], "podwire serve: unknown option '--interfce'; did you mean '--interface'?"),
        (["serve", "eth0"], "podwire serve: 'eth0' has no place here; see podwire serve --help"),
        (["serve", "--threads", "x"], "podwire serve: --threads is a number from 1 to 64."),
        (["serve", "--ssh", "x"], "podwire serve: --ssh is a port from 1 to 65535, or 0 for none."),
        (["serve", "--mode", "half"], "podwire serve: --mode is full or control."),
        (["serve", "--threads"], "podwire serve: argument --threads: expected one argument; see podwire serve --help"),
        (
            ["k8s-check"],
            (
                "podwire k8s-check: one of the arguments --kube-config/--kubeconfig --objects is required; "
                "see podwire k8s-check --help"
            ),
        ),
        (
            ["report"],
            "podwire report: the following arguments are required: -o/--output; see podwire report --help",
        ),
        (["report", "-o", "x", "--titel", "y"], "podwire report: unknown option '--titel'; did you mean '--title'?"),
        (
            ["kubeconfig-for", "--kube-config", "a", "--token-file", "b", "--x"],
            "podwire kubeconfig-for: unknown option '--x'; see podwire kubeconfig-for --help",
        ),
        (["servee"], "podwire: unknown command 'servee'; did you mean 'serve'?"),
        (["x\x1b[2J\ny"], "podwire: unknown command 'x\\x1b[2J y'; podwire help lists them"),
    ],
)
def test_wrong_words_are_one_line_and_status_1(
    capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert main(words) == 1
    assert capsys.readouterr() == ("", f"{sentence}\n")


def test_control_c_is_status_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(words: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(main.__globals__["_COMMANDS"], "serve", interrupted)
    assert main(["serve"]) == 130
