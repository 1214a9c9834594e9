"""The forms of an import in the administration: the file, and how it is to be read."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from portal.imports.cells import Cell
from portal.imports.maps import BadMap, ImportMap, folded, parse_map
from portal.imports.meanings import Meaning
from portal.imports.records import sources_by_name
from portal.imports.tables import Table, TableRow, shortened

LARGEST_UPLOAD: Final = 10 * 1024 * 1024
LARGEST_MAP: Final = 256 * 1024
#: What one request gets done well within a web server's patience; more is for `manage.py load`.
MOST_LINES: Final = 10_000
#: A field that the map handed in fills in a way that no select can say.
_BY_MAP: Final = "="
_DATES: Final = {
    "": "2026-11-30 only",
    "%d.%m.%Y": "30.11.2026",
    "%d/%m/%Y": "30/11/2026, day first",
    "%m/%d/%Y": "11/30/2026, month first",
    "%d-%m-%Y": "30-11-2026",
    "%Y/%m/%d": "2026/11/30",
    "%d %b %Y": "30 Nov 2026",
}
_DECIMALS: Final = (
    ("", "As the columns of the file show"),
    (".", "Point: 1,234.50"),
    (",", "Comma: 1.234,50"),
)


class FileForm(forms.Form):
    file = forms.FileField(
        help_text=f"CSV or XLSX, at most {LARGEST_UPLOAD // 1024**2} MB and {MOST_LINES:,} lines.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.gz"}),
    )
    map = forms.FileField(
        label="Import map",
        required=False,
        help_text="Says which column is what (TOML). Without one, columns are recognised by their names, and "
        "you can choose others on the next page.",
        widget=forms.ClearableFileInput(attrs={"accept": ".toml"}),
    )

    def clean_file(self) -> Any:
        return _not_larger(self.cleaned_data["file"], LARGEST_UPLOAD)

    def clean_map(self) -> dict[str, Any]:
        given = _not_larger(self.cleaned_data["map"], LARGEST_MAP)
        if given is None:
            return {}
        try:
            return parse_map(given.read().decode())
        except UnicodeDecodeError as error:
            raise ValidationError("A map is a text file in UTF-8.") from error
        except BadMap as error:
            raise ValidationError(str(error)) from error


def _not_larger(file: Any, most: int) -> Any:
    if file is not None and file.size > most:
        raise ValidationError(f"This file has {file.size / 1024**2:.1f} MB; at most {most / 1024**2:g} MB.")
    return file


class ReadingForm(forms.Form):
    """Where the table is in the file, how it writes numbers and dates, and which column fills which field."""

    sheet = forms.ChoiceField(required=False, help_text="A workbook may have several.")
    header = forms.TypedChoiceField(label="Column names", coerce=int, help_text="The line they stand in.")
    decimal = forms.ChoiceField(label="Decimal sign", choices=_DECIMALS, required=False)
    dates = forms.ChoiceField(label="Dates", choices=list(_DATES.items()), required=False)
    empties = forms.BooleanField(
        label="Empty cells empty what is there",
        required=False,
        help_text="Otherwise an empty cell changes nothing in what exists.",
    )
    zeros = forms.BooleanField(
        label="Leading zeros tell keys apart", required=False, help_text="Then 42 and 00042 are two keys."
    )

    def __init__(
        self,
        *args: Any,
        table: Table,
        mapping: ImportMap,
        cells: Mapping[str, Cell],
        meanings: Sequence[Meaning] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.table, self.mapping, self.cells, self.meanings = table, mapping, cells, meanings
        self._offer("sheet", [(name, name) for name in table.sheets], table.sheet)
        self._offer("header", [(line.number, _shown(line)) for line in table.first], table.header)
        self.initial["decimal"] = mapping.decimal
        self._offer_dates()
        self.initial["empties"], self.initial["zeros"] = bool(mapping.empties), mapping.zeros
        if len(table.sheets) < 2:
            del self.fields["sheet"]
        self._add_columns()
        self._add_values()

    def _add_values(self) -> None:
        for one in self.meanings:
            options = list(one.options)
            if one.means and one.means not in dict(options):
                options.append((one.means, f"As in the map: {one.means}"))
            choices = [("", "Not understood: lines are rejected"), *options]
            label = f"{one.value} under {one.field}"
            self.fields[one.name] = forms.ChoiceField(label=label, choices=choices, required=False)
            self.initial[one.name] = one.means

    def _offer(self, name: str, choices: list[tuple[Any, str]], chosen: Any) -> None:
        field: Any = self.fields[name]
        field.choices = choices
        self.initial[name] = chosen

    def _offer_dates(self) -> None:
        given = self.mapping.dates
        self.initial["dates"] = (
            given[0] if len(given) == 1 and given[0] in _DATES else _BY_MAP if given else ""
        )
        if self.initial["dates"] == _BY_MAP:
            field: Any = self.fields["dates"]
            field.choices = [*_DATES.items(), (_BY_MAP, f"As in the map: {', '.join(given)}")]

    def _add_columns(self) -> None:
        headers = list(dict.fromkeys(header for header in self.table.headers if header))
        sources = self.mapping.columns or sources_by_name(self.table, self.cells)
        for name, cell in self.cells.items():
            source = sources.get(name)
            choices = [("", "Not filled"), *((header, header) for header in headers)]
            chosen = source.columns[0] if source and len(source.columns) == 1 and not source.default else ""
            if source and chosen not in headers:
                choices.append((_BY_MAP, f"As in the map: {' + '.join(source.columns) or source.default}"))
                chosen = _BY_MAP
            self.fields[_column(name)] = forms.ChoiceField(
                label=name, choices=choices, required=False, help_text=cell.help
            )
            self.initial[_column(name)] = chosen

    @property
    def settings(self) -> list[forms.BoundField]:
        asked = {one.name for one in self.meanings}
        rest = (bound for bound in self if bound.name not in asked)
        return [bound for bound in rest if not bound.name.startswith(_column(""))]

    @property
    def values(self) -> list[tuple[forms.BoundField, Meaning]]:
        return [(self[one.name], one) for one in self.meanings]

    @property
    def columns(self) -> list[tuple[forms.BoundField, Cell]]:
        return [(self[_column(name)], cell) for name, cell in self.cells.items()]

    @property
    def is_read_anew(self) -> bool:
        """Whether another part of the file is meant now, whose columns are not those on the form."""
        sheet = self.cleaned_data.get("sheet") or self.table.sheet
        return (sheet, self.cleaned_data["header"]) != (self.table.sheet, self.table.header)

    def section(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The section of a map that says the same; `given` is the one handed in with the file."""
        answers, section = self.cleaned_data, dict(given)
        sheet = answers.get("sheet", "")
        section |= {"header": answers["header"], "zeros": answers["zeros"], "decimal": answers["decimal"]}
        section |= {"sheet": sheet} if sheet else {}
        section |= {"empties": answers["empties"]} if "empties" in self.changed_data else {}
        if answers["dates"] != _BY_MAP:
            section["dates"] = [answers["dates"]] if answers["dates"] else []
        if not self.is_read_anew:
            section["columns"] = self._chosen(given.get("columns", {}))
            section["values"] = self._meant(given.get("values", {}))
        return section

    def _meant(self, given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """What the map says of values, with what was chosen here in place of it."""
        meant: dict[str, dict[str, Any]] = {name: dict(values) for name, values in given.items()}
        for one in self.meanings:
            values, chosen = meant.setdefault(one.field, {}), self.cleaned_data[one.name]
            for value in [value for value in values if folded(value) == folded(one.value)]:
                del values[value]
            if chosen:
                values[one.value] = chosen
        return {name: values for name, values in meant.items() if values}

    def _chosen(self, given: Mapping[str, Any]) -> dict[str, Any]:
        chosen = {name: self.cleaned_data[_column(name)] for name in self.cells}
        return {
            name: given[name] if column == _BY_MAP else column
            for name, column in chosen.items()
            if column and (column != _BY_MAP or name in given)
        }


def _column(name: str) -> str:
    return f"column-{name}"


def _shown(line: TableRow) -> str:
    return f"Line {line.number}: {shortened(', '.join(filter(None, line.cells)))[:100]}"
