"""The options of podwire's subcommands: argparse, whose errors are UsageErrors of one sentence and no exit."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from podwire.support.errors import UsageError
from podwire.support.words import advice, quoted


class Arguments(argparse.ArgumentParser):
    """A parser that raises UsageError."""

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """Read the words behind the subcommand. Raises UsageError for what does not fit, with what was meant."""
        given, left = self.parse_known_args(words)
        if left:
            raise UsageError(self._unknown(left[0].partition("=")[0]))
        return given

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(f"{message}; {self._help()}")

    def _unknown(self, word: str) -> str:
        if not word.startswith("-"):
            return f"{quoted(word)} has no place here; {self._help()}"
        known = [name for action in self._actions for name in action.option_strings]
        return f"unknown option {quoted(word)}; {advice(word, known, otherwise=self._help())}"

    def _help(self) -> str:
        return f"see {self.prog} --help"
