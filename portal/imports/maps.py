"""Import maps: a small TOML file that says which column fills which field and what its values mean.

    [partners]
    key = "external_key"                       # what tells one partner from another
    dates = ["%d.%m.%Y"]                       # besides 2017-03-01
    columns.name = "Company"
    columns.contact_name = ["First", "Last"]   # joined by a space
    columns.type = { value = "reseller" }      # the same for every line
    columns.city = { column = "City", default = "Graz" }
    values.status = { Live = "active", Gone = "ended" }

See docs/import/README.md. Everything unknown is refused: a misspelt setting must not pass for an absent one.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

VENDOR_SETTINGS: Final = {"name", "currency", "time_zone"}
_SETTINGS: Final = {
    "columns", "values", "dates", "decimal", "key", "group", "encoding", "delimiter", "sheet", "header",
    "empties", "zeros",
}  # fmt: skip


class BadMap(ValueError):
    """The map cannot be used; the message names the place."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a field's text comes from: columns joined by a space, else `default`."""

    columns: tuple[str, ...] = ()
    default: str = ""


@dataclass(frozen=True, slots=True)
class ImportMap:
    """The section of one kind; an empty one takes each field from the column of its name."""

    columns: Mapping[str, Source] = field(default_factory=dict)
    #: {field: {value in the file, folded: what it means}}; several meanings for fields that hold several.
    values: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    dates: tuple[str, ...] = ()
    #: "" where the columns of the file show it.
    decimal: str = ""
    key: str = ""
    #: Lines with one key are one record: its amounts are added up, its products collected.
    group: bool = False
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    #: The line of the column names; 0 for the first that is not empty.
    header: int = 0
    #: Fields whose empty cells empty what is there; any other empty cell changes nothing that exists.
    empties: frozenset[str] = frozenset()
    #: Whether 42 and 00042 are two keys.
    zeros: bool = False

    def aliases(self, name: str) -> Mapping[str, tuple[str, ...]]:
        return self.values.get(name, {})


def folded(text: str) -> str:
    """How values and headers are compared: without case, outer and doubled spaces."""
    return " ".join(text.split()).casefold()


def parse_map(text: str) -> dict[str, Any]:
    """The TOML of a map file as sections. Raises BadMap."""
    try:
        sections = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadMap(f"The map is not valid TOML: {error}.") from error
    for name, section in sections.items():
        if not isinstance(section, dict):
            raise BadMap(f"{name} stands outside a section such as [partners].")
    return sections


def vendor_settings(sections: Mapping[str, Any]) -> dict[str, str]:
    """The [vendor] section: what a new vendor is created with."""
    settings = dict(sections.get("vendor", {}))
    _refuse_unknown("vendor", settings, VENDOR_SETTINGS)
    return {name: _text(f"vendor.{name}", value) for name, value in settings.items()}


def import_map(sections: Mapping[str, Any], kind: str, fields: set[str]) -> ImportMap:
    """The section of `kind`, checked against the fields it can fill. Raises BadMap."""
    section = sections.get(kind)
    if section is None:
        if any(name != "vendor" for name in sections):
            raise BadMap(f"The map has no section [{kind}].")
        return ImportMap()
    _refuse_unknown(kind, section, _SETTINGS)
    columns, values = section.get("columns", {}), section.get("values", {})
    _refuse_unknown(f"{kind}.columns", columns, fields)
    _refuse_unknown(f"{kind}.values", values, fields)
    made = ImportMap(
        columns={name: _source(f"{kind}.columns.{name}", given) for name, given in columns.items()},
        values={name: _aliases(f"{kind}.values.{name}", given) for name, given in values.items()},
        dates=tuple(_texts(f"{kind}.dates", section.get("dates", []))),
        group=bool(section.get("group", False)),
        zeros=bool(section.get("zeros", False)),
        header=_line(f"{kind}.header", section.get("header", 0)),
        empties=_empties(f"{kind}.empties", section.get("empties", False), fields),
        **{
            name: _text(f"{kind}.{name}", section[name])
            for name in ("decimal", "key", "encoding", "delimiter", "sheet")
            if name in section
        },
    )
    if made.decimal not in ("", ".", ","):
        raise BadMap(f'{kind}.decimal is "." or ",".')
    if len(made.delimiter) > 1:
        raise BadMap(f"{kind}.delimiter is a single character.")
    return made


def _refuse_unknown(place: str, given: Any, known: set[str]) -> None:
    if not isinstance(given, dict):
        raise BadMap(f"{place} must be a table.")
    unknown = sorted(set(given) - known)
    if unknown:
        raise BadMap(f"{place} knows no {', '.join(unknown)}; it knows {', '.join(sorted(known))}.")


def _line(place: str, given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise BadMap(f"{place} is the number of a line.")
    return given


def _empties(place: str, given: Any, fields: set[str]) -> frozenset[str]:
    """`true` means every field."""
    if isinstance(given, bool):
        return frozenset(fields if given else ())
    names = _texts(place, given)
    unknown = sorted(set(names) - fields)
    if unknown:
        raise BadMap(f"{place} knows no {', '.join(unknown)}; it knows {', '.join(sorted(fields))}.")
    return frozenset(names)


def _source(place: str, given: Any) -> Source:
    if isinstance(given, (str, list)):
        return Source(columns=tuple(_texts(place, given)))
    _refuse_unknown(place, given, {"column", "default", "value"})
    if "value" in given:
        if len(given) > 1:
            raise BadMap(f"{place}: a constant value stands alone.")
        return Source(default=_text(place, given["value"]))
    if "column" not in given:
        raise BadMap(f"{place} names no column.")
    columns = tuple(_texts(place, given["column"]))
    return Source(columns=columns, default=_text(place, given.get("default", "")))


def _aliases(place: str, given: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(given, dict):
        raise BadMap(f"{place} must be a table of values.")
    return {folded(value): tuple(_texts(place, meaning)) for value, meaning in given.items()}


def _texts(place: str, given: Any) -> list[str]:
    return [_text(place, one) for one in (given if isinstance(given, list) else [given])]


def _text(place: str, given: Any) -> str:
    """TOML's own dates and numbers are welcome where a text is meant."""
    if isinstance(given, (dict, list)):
        raise BadMap(f"{place} must be a text.")
    return str(given)
