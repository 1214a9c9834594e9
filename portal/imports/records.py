"""From a table to records: what a resource's fields are to be filled with, and where each text stood."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from portal.imports.cells import MISSING, Cell, Country
from portal.imports.maps import BadMap, ImportMap, Source, folded
from portal.imports.tables import Fault, Table, TableRow, column_name, shortened
from portal.imports.texts import cleaned
from portal.money.amounts import Figure, proven_decimal


@dataclass(slots=True)
class Record:
    """One record of an import and the lines it comes from (several where the map groups them)."""

    lines: list[int]
    #: {field: text}; for fields that collect, (which of the lines, text) for each.
    texts: dict[str, Any]
    #: {field: what stood in the file}, one per line: the report shows this, not what an alias made of it.
    given: dict[str, list[str]] = field(default_factory=dict)
    #: {field: column names}, shared by all records of an import.
    places: Mapping[str, str] = field(default_factory=dict)
    #: Fields whose cells are empty in every line: they change nothing that exists.
    empties: set[str] = field(default_factory=set)

    def fault(self, name: str, reason: str, index: int = 0) -> Fault:
        """The report's entry for field `name`; an unmapped field is named by itself."""
        value = self.given[name][index] if name in self.given else ""
        if reason == MISSING and value.strip():
            reason = f"{MISSING} What stands here counts as empty."
        return Fault(self.lines[index], self.places.get(name, name), shortened(value), reason)


def records_of(table: Table, mapping: ImportMap, cells: Mapping[str, Cell]) -> list[Record]:
    """One record per line of the table. Raises BadMap where the table lacks a column the map names."""
    sources = _sources(table, mapping, cells)
    places = {name: _place(source) for name, source in sources.items()}
    fillings = {
        name: _Filling.of(cells[name], source, _indexes(table, source.columns), mapping.aliases(name))
        for name, source in sources.items()
    }
    return [_record(line, fillings, places) for line in table.lines]


def _record(line: TableRow, fillings: Mapping[str, "_Filling"], places: Mapping[str, str]) -> Record:
    record = Record([line.number], {}, {}, places)
    for name, filling in fillings.items():
        given, kept = filling.read(line.cells)
        record.given[name] = [given]
        record.texts[name] = filling.text(kept)
        if not kept and filling.may_be_empty:
            record.empties.add(name)
    return record


@dataclass(frozen=True, slots=True)
class _Filling:
    """How one field is filled from a line; made once per import."""

    indexes: list[int]
    default: str
    aliases: Mapping[str, tuple[str, ...]]
    collects: bool
    lines: bool
    #: A word for "nothing" that means something here.
    word: str

    @classmethod
    def of(
        cls, cell: Cell, source: Source, indexes: list[int], aliases: Mapping[str, tuple[str, ...]]
    ) -> "_Filling":
        word = "NA" if isinstance(cell.widget, Country) else ""  # Namibia
        return cls(indexes, source.default, aliases, cell.collects, cell.has_lines, word)

    @property
    def may_be_empty(self) -> bool:
        """A constant of the map always says something, and so does a meaning of the empty cell."""
        return bool(self.indexes) and "" not in self.aliases

    def read(self, cells: list[str]) -> tuple[str, str]:
        """(what stands in the file, the same as it is kept); a word the map gives a meaning to stays."""
        texts = [cells[index] for index in self.indexes]
        given = _joined(texts)
        if self.aliases and folded(given) in self.aliases:
            return given, given
        return given, _joined([cleaned(text, lines=self.lines, word=self.word) for text in texts])

    def text(self, kept: str) -> Any:
        """What the cell is to read: aliases replaced, defaults filled in."""
        meanings = self.aliases.get(folded(kept), (kept,)) if self.aliases else (kept,)
        meant = [meaning or self.default for meaning in meanings]
        return [(0, text) for text in meant] if self.collects else _joined(meant)


def decimals_of(records: Iterable[Record], mapping: ImportMap, cells: Mapping[str, Cell]) -> dict[str, str]:
    """{field: its decimal sign}: the map's, else what its own column proves, else what all of them do."""
    texts: dict[str, set[str]] = {name: set() for name, cell in cells.items() if cell.is_number}
    for record in records:
        for name in texts.keys() & record.texts.keys():
            given = record.texts[name]
            listed = [text for _, text in given] if cells[name].collects else [given]
            texts[name].update(text for text in listed if not isinstance(text, Figure))
    proven = {name: proven_decimal(column) for name, column in texts.items()}
    everywhere = proven_decimal(chain.from_iterable(texts.values()))
    return {name: mapping.decimal or sign or everywhere for name, sign in proven.items()}


def unused_columns(table: Table, mapping: ImportMap, cells: Mapping[str, Cell]) -> list[str]:
    """Headers no field is filled from."""
    used = {
        index
        for source in _sources(table, mapping, cells).values()
        for index in _indexes(table, source.columns)
    }
    return [header for index, header in enumerate(table.headers) if header and index not in used]


def _sources(table: Table, mapping: ImportMap, cells: Mapping[str, Cell]) -> Mapping[str, Source]:
    sources = mapping.columns or sources_by_name(table, cells)
    missing = [name for name, cell in cells.items() if cell.required and name not in sources]
    if missing:
        wanted = ", ".join(missing)
        advice = _other_header(table, cells) or _other_sheet(table)
        raise BadMap(f"Nothing fills {wanted}. The file has the columns {_listed(table.headers)}.{advice}")
    return sources


def likely_header(table: Table, cells: Mapping[str, Cell]) -> int:
    """The line, among the first, whose cells are called most like the fields; 0 where that is the header."""
    known = {_header(name) for field, cell in cells.items() for name in (field, *cell.names)}
    fits = {line.number: sum(_header(text) in known for text in line.cells) for line in table.first}
    best = max(fits, key=lambda number: fits[number], default=table.header)
    return best if fits.get(best, 0) > max(fits.get(table.header, 0), 1) else 0


def _other_header(table: Table, cells: Mapping[str, Cell]) -> str:
    number = likely_header(table, cells)
    return f" Line {number} looks like the header, below a title: set header = {number}." if number else ""


def _other_sheet(table: Table) -> str:
    if len(table.sheets) < 2:
        return ""
    count, names = len(table.sheets), ", ".join(table.sheets)
    return f" The file has {count} sheets ({names}), and {table.sheet} was read: set another sheet."


def sources_by_name(table: Table, cells: Mapping[str, Cell]) -> dict[str, Source]:
    """Without a map: each field from the column called like it."""
    headers = {_header(header): header for header in table.headers if header}
    sources = {}
    for name, cell in cells.items():
        found = next((headers[key] for key in map(_header, (name, *cell.names)) if key in headers), None)
        if found:
            sources[name] = Source((found,))
    return sources


def _header(text: str) -> str:
    return folded(text.replace("_", " ").replace("-", " "))


def _indexes(table: Table, columns: Iterable[str]) -> list[int]:
    return [_index(table, column) for column in columns]


def _index(table: Table, column: str) -> int:
    found = [index for index, header in enumerate(table.headers) if header == column]
    found = found or [i for i, header in enumerate(table.headers) if _header(header) == _header(column)]
    if not found:
        raise BadMap(f"The file has no column {column!r}. It has {_listed(table.headers)}.")
    if len(found) > 1:
        raise BadMap(f"The file has {len(found)} columns called {column!r}. Rename one of them.")
    return found[0]


def _listed(headers: list[str]) -> str:
    return ", ".join(column_name(headers, index) for index in range(len(headers)))


def _place(source: Source) -> str:
    return " + ".join(source.columns)


def _joined(texts: list[str]) -> str:
    """One text alone stays what it is, a number for example."""
    filled = [text for text in texts if text.strip()]
    return filled[0] if len(filled) == 1 else " ".join(text.strip() for text in filled)


def grouped(
    records: Iterable[Record], key: str, cells: Mapping[str, Cell]
) -> tuple[list[Record], list[Fault]]:
    """Records whose lines share a key become one; (records, faults of the lines that contradict others).

    A record with a contradiction is dropped whole: an order without one of its lines is another order.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        # A line without a key belongs to nobody; it is refused by itself, further on.
        name = record.texts[key] or f"\0{record.lines[0]}"
        groups.setdefault(name, []).append(record)
    merged, faults = [], []
    for members in groups.values():
        contradictions = list(_contradictions(members, cells))
        faults += contradictions
        if contradictions:
            faults += orphans([line for one in members for line in one.lines], contradictions)
        else:
            merged.append(_merged(members, cells))
    return merged, faults


def orphans(lines: Iterable[int], faults: list[Fault]) -> Iterator[Fault]:
    """The lines of a record that have no fault of their own, and go with it nevertheless."""
    guilty = sorted({fault.line for fault in faults})
    for line in lines:
        if line not in guilty:
            yield Fault(line, "", "", f"It belongs to one record with line {guilty[0]}, which was rejected.")


def _contradictions(members: list[Record], cells: Mapping[str, Cell]) -> Iterator[Fault]:
    first = members[0]
    for other in members[1:]:
        for name, text in other.texts.items():
            if not cells[name].collects and text != first.texts[name]:
                reason = f"Line {first.lines[0]} of the same record says {first.texts[name]!r}."
                yield other.fault(name, reason)


def _merged(members: list[Record], cells: Mapping[str, Cell]) -> Record:
    first = members[0]
    if len(members) == 1:
        return first
    texts = dict(first.texts)
    for name in texts:
        if cells[name].collects:
            texts[name] = [(at, text) for at, one in enumerate(members) for _, text in one.texts[name]]
    given = {name: [one.given[name][0] for one in members] for name in first.given}
    empties = set.intersection(*(one.empties for one in members))
    return Record([one.lines[0] for one in members], texts, given, first.places, empties)
