"""What values of a file mean, where a field takes one of a few: which of them nobody would understand."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from portal.imports.cells import Cell, Choice, Context, Flag, Known, Refused
from portal.imports.kinds import ImportKind
from portal.imports.maps import BadMap, ImportMap, folded
from portal.imports.records import records_of
from portal.imports.tables import Table
from portal.tenancy.models import Vendor

#: A select of more is no help; what is not listed is said in a map, or corrected in the file.
MOST_OPTIONS: Final = 200
MOST_VALUES: Final = 40

Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A value that stands in so many lines under a field that does not know it; `means`: what was chosen."""

    field: str
    value: str
    lines: int
    options: Options
    means: str = ""

    @property
    def name(self) -> str:
        """Of its select; the same however the lines of the file are read."""
        digest = hashlib.blake2b(self.value.encode(), digest_size=6).hexdigest()
        return f"value-{self.field}-{digest}"


def meanings_of(kind: ImportKind, vendor: Vendor, table: Table, mapping: ImportMap) -> list[Meaning]:
    """The most frequent first. Runs under the vendor's scope; empty where the file cannot be read so."""
    cells = kind.resource_class.cells()
    try:
        records = records_of(table, mapping, cells)
    except BadMap:
        return []
    known = _known(kind, vendor, mapping)
    found = []
    for name, (options, understood) in known.items():
        counted = Counter(text for record in records for text in record.given.get(name, ()) if text.strip())
        aliases = mapping.aliases(name)
        for value, lines in counted.items():
            alias = aliases.get(folded(value), ())
            if len(alias) < 2 and (alias or not understood(value)):
                found.append(Meaning(name, value, lines, options, *alias))
    return sorted(found, key=lambda one: -one.lines)[:MOST_VALUES]


def _known(kind: ImportKind, vendor: Vendor, mapping: ImportMap) -> dict[str, tuple[Options, Any]]:
    """{field: (what may be chosen, whether a value is understood as it is)} of fields with few answers."""
    lookups: Mapping[str, Any] = {}
    cells: Mapping[str, Cell] = kind.resource_class.cells()
    if any(isinstance(cell.widget, Known) for cell in cells.values()):
        resource = kind.resource_class(Context(vendor, vendor.today, mapping.dates), mapping)
        resource.load_lookups()
        lookups = resource.context.lookups
    found = {name: _answers(cell.widget, lookups) for name, cell in cells.items()}
    return {name: one for name, one in found.items() if one and len(one[0]) <= MOST_OPTIONS}


def _answers(widget: Any, lookups: Mapping[str, Any]) -> tuple[Options, Any] | None:
    if isinstance(widget, Choice):
        return widget.options, lambda value: folded(value) in widget.known
    if isinstance(widget, Flag):
        return [("yes", "Yes"), ("no", "No")], widget.knows
    lookup = lookups.get(widget.noun) if isinstance(widget, Known) else None
    if lookup is None:
        return None
    return [(name, name) for name in sorted(lookup.named.values())], lambda value: _is_found(lookup, value)


def _is_found(lookup: Any, value: str) -> bool:
    try:
        lookup.get(value)
    except Refused:
        return False
    return True
