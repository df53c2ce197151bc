"""What a noun is made of: columns, verbs and the words that a verb takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from podwire.catalog.types import ValueType


class Scope(StrEnum):
    """Where a change of a noun takes effect (NetVisor's `scope`)."""

    LOCAL = "local"
    """This switch only."""
    FABRIC = "fabric"
    """All switches of the fabric."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a noun's table; it is also a filter of the noun's show command."""

    name: str
    type: ValueType
    help: str
    is_default: bool = False
    """True where the column is shown without being asked for."""
    is_key: bool = False
    """True where the column, with the other keys, tells one row from all others."""
    placeholder: str = ""
    """How the value is written in help, where the type's own word does not say it."""
    is_volatile: bool = False
    """True where the value changes with time alone (an age), so that the change says nothing about the row."""

    @property
    def is_additive(self) -> bool:
        """True where the values of several rows can be added up: counts and sizes."""
        return self.type.name in ("count", "bytes")

    @property
    def value_help(self) -> str:
        """How a value of this column is written: `cluster-name-string`, `0..16777215`."""
        return self.placeholder or self.type.placeholder(self.name)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A word of a command that is followed by a value: `kube-config PATH`."""

    keyword: str
    type: ValueType
    help: str
    is_required: bool = False
    choices: tuple[str, ...] = ()

    @property
    def value_help(self) -> str:
        """How the value is written in help."""
        return "|".join(self.choices) or self.type.placeholder(self.keyword)


@dataclass(frozen=True, slots=True)
class Flag:
    """A pair of words without a value, one for yes and one for no: `create-vport|no-create-vport`."""

    name: str
    """The field that it sets to true or false."""
    yes: str
    no: str
    help: str
    is_required: bool = False


Option = Parameter | Flag


@dataclass(frozen=True, slots=True)
class Verb:
    """What can be done with a noun, other than to show it."""

    name: str
    """create, modify, delete, clear, …: the last word of the command."""
    help: str
    options: tuple[Option, ...] = ()
    needs_one: bool = False
    """True where at least one option that is not a key must be given."""


@dataclass(frozen=True, slots=True)
class Noun:
    """A thing that operators name: `vport`, `k8s-connection`."""

    name: str
    plural: str
    """The last part of its REST path, as NetVisor's: `vports`."""
    title: str
    """What a row is, in a few words: heading of the reference page."""
    show_help: str
    columns: tuple[Column, ...]
    verbs: tuple[Verb, ...] = ()
    scope: Scope = Scope.LOCAL
    is_singleton: bool = False
    """True for settings: one record, shown vertically."""
    has_headers: bool = True
    """False where the rows are lines to be read by a program, printed without a header unless it is asked for."""
    filters: tuple[Column, ...] = ()
    """Filters that are no columns: of the records that its rows add up."""
    options: tuple[Option, ...] = ()
    """Options of its show command alone."""
    is_private: bool = False
    """True where only those who may change the switch may see the rows."""
    times: tuple[str, str] | None = None
    """The columns with a row's first and last time, where it has them: the time window options apply then."""
    counts_window: bool = False
    """True where the values of a row are of the window that is asked for: sums and counters."""
    examples: tuple[str, ...] = field(default=())

    @property
    def show_command(self) -> str:
        """The command that shows its rows."""
        return f"{self.name}-show"

    @property
    def has_times(self) -> bool:
        """True where the time window options apply."""
        return self.times is not None

    def column(self, name: str) -> Column | None:
        """Return the column called `name`, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def filter(self, name: str) -> Column | None:
        """Return the column or filter called `name`, or None."""
        return self.column(name) or next((column for column in self.filters if column.name == name), None)

    def verb(self, name: str) -> Verb | None:
        """Return the verb called `name`, or None."""
        return next((verb for verb in self.verbs if verb.name == name), None)

    @property
    def default_columns(self) -> tuple[Column, ...]:
        """The columns that are shown without `format`."""
        return tuple(column for column in self.columns if column.is_default)
