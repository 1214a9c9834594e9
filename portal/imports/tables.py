"""From a file to a table: CSV (any usual delimiter) or XLSX, plain or gzipped.

Nothing is interpreted: every cell is the text that stands in the file, so "00042" stays "00042"; a number
or a formula of a workbook is what the sheet shows. A line that cannot be read becomes a fault, and the lines
around it are kept.
"""

import csv
import datetime as dt
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice, repeat
from statistics import mode
from typing import Any

import openpyxl
from openpyxl.utils import get_column_letter

from portal.imports.encodings import Unreadable, decoded
from portal.imports.texts import Unsolved
from portal.money.amounts import SPREADSHEET_DIGITS, Figure

LARGEST_FILE = 256 * 1024 * 1024  # bytes, after unpacking
MOST_COLUMNS = 1_000
DELIMITERS = (",", ";", "\t", "|")
#: Characters of a rejected value that a report shows.
SHOWN = 200
_SAMPLE_LINES = 50
#: Lines among which a person may point at the header.
SHOWN_LINES = 20
#: Control characters that a text has no use for; a stray NUL is the matter of the cell it stands in.
_CONTROL = re.compile("[\x01-\x08\x0e-\x1f]")
_FORMULA = re.compile(b"<f[ />]")
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}

#: The csv module stops a whole file at 131,072 characters; we name the one cell that is too long.
csv.field_size_limit(max(csv.field_size_limit(), 8 * 1024 * 1024))


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of the table; `number` is where it begins in the file, counting from 1."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that was not taken: where, which column and value (where one is to blame), and why."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(slots=True)
class Table:
    headers: list[str]
    lines: list[TableRow]
    faults: list[Fault] = field(default_factory=list)
    #: How it was read, for people: "CSV, utf-8, comma".
    format: str = ""
    #: The line that was taken for the header.
    header: int = 1
    #: The first lines of the file that are not empty.
    first: list[TableRow] = field(default_factory=list)
    #: Names of the visible worksheets; none for CSV.
    sheets: list[str] = field(default_factory=list)
    sheet: str = ""


def read_table(
    data: bytes, *, encoding: str = "", delimiter: str = "", sheet: str = "", header: int = 0
) -> Table:
    """Read a whole file. Raises Unreadable, with advice, where there is no table in it.

    `encoding` and `delimiter` are recognised unless given; `sheet` names the worksheet of an XLSX file
    (the first visible one with content otherwise), `header` the line of the column names (else the first that
    is not empty).
    """
    data = _unpacked(data)
    if not data.strip():
        raise Unreadable("The file is empty.")
    if data.startswith(b"PK\x03\x04"):
        return _read_xlsx(data, sheet, header)
    _refuse_other_formats(data)
    return _read_csv(data, encoding, delimiter, header)


def column_name(headers: list[str], index: int) -> str:
    """The header of a column, or its letter as in a spreadsheet where the header is blank."""
    if index < len(headers) and headers[index]:
        return headers[index]
    return f"column {get_column_letter(index + 1)}"


def shortened(text: str) -> str:
    """As much of a text from the file as a report shows, in characters that every program can show."""
    text = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return text.encode("utf-8", errors="backslashreplace").decode().replace("\0", "\\0")


def _unpacked(data: bytes) -> bytes:
    if data.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(io.BytesIO(data)) as packed:
                data = packed.read(LARGEST_FILE + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise Unreadable("The compressed file is damaged.") from error
    if len(data) > LARGEST_FILE:
        raise Unreadable(f"The file is larger than {LARGEST_FILE // 1024**2} MB. Split it.")
    return data


def _refuse_other_formats(data: bytes) -> None:
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise Unreadable("This workbook is password-protected. Take the password off and save it again.")
        raise Unreadable("This is an old Excel file (.xls). Save it as .xlsx or CSV.")
    if data.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")):
        raise Unreadable("This is a document or an image, not a table. Give a CSV or XLSX file.")


# CSV ------------------------------------------------------------------------------------------------


def _read_csv(data: bytes, encoding: str, delimiter: str, header: int) -> Table:
    text, encoding = decoded(data, encoding)
    if len(_CONTROL.findall(text[:4096])) > len(text[:4096]) * 0.05:
        raise Unreadable("This is not a text file. Give a CSV or XLSX file.")
    lines = list(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    if not lines:
        raise Unreadable("The file is empty.")
    start, stated = _stated_delimiter(lines)
    delimiter = delimiter or stated or recognised_delimiter(lines[max(start, header - 1) :])
    first = list(islice(_filled(lines, delimiter, start, []), SHOWN_LINES))
    faults: list[Fault] = []
    form = f"CSV, {encoding}, {_NAMES.get(delimiter, delimiter)}"
    return _table(_filled(lines, delimiter, max(start, header - 1), faults), faults, form, first)


def _filled(lines: list[str], delimiter: str, start: int, faults: list[Fault]) -> Iterator[TableRow]:
    return (row for row in _parsed(lines, delimiter, start, faults) if _has_content(row.cells))


def _stated_delimiter(lines: list[str]) -> tuple[int, str]:
    """Excel's own first line `sep=;`: (line to begin with, delimiter)."""
    first = lines[0].strip().strip('"')
    if first.lower().startswith("sep=") and len(first) == 5:
        return 1, first[4]
    return 0, ""


def recognised_delimiter(lines: list[str]) -> str:
    """The delimiter that cuts most of the first lines into as many cells as the header, and into most."""
    return max(DELIMITERS, key=lambda delimiter: _fit(lines, delimiter))


def _fit(lines: list[str], delimiter: str) -> tuple[float, int]:
    """(share of the lines as wide as the header, width); nothing fits worse than a single column.

    Below a title of one cell the width of most lines counts.
    """
    rows = list(islice(_filled(lines, delimiter, 0, []), _SAMPLE_LINES))
    widths = [len(row.cells) for row in rows]
    width = widths[0] if widths and widths[0] > 1 else mode([one for one in widths if one > 1] or [0])
    share = widths.count(width) / len(widths) if width else 0.0
    return (share, width) if widths and (width == widths[0] or share >= 0.5) else (0.0, 0)


def _parsed(lines: list[str], delimiter: str, start: int, faults: list[Fault]) -> Iterator[TableRow]:
    """The records from `start` on. After a broken one, reading goes on at the next line of the file."""
    while start < len(lines):
        rest = map(lines.__getitem__, range(start, len(lines)))
        reader = csv.reader(rest, delimiter=delimiter, strict=True, skipinitialspace=True)
        begun = 0
        try:
            for cells in reader:
                yield TableRow(start + begun + 1, cells)
                begun = reader.line_num
            return
        except csv.Error as error:
            start += begun + 1
            faults.append(Fault(start, "", shortened(lines[start - 1].rstrip("\r\n")), _csv_reason(error)))


def _csv_reason(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end" in text:
        return "A quotation mark is opened and never closed."
    if "expected after" in text:
        return "A quotation mark inside a quoted cell must be doubled."
    if "field larger" in text:
        return "A cell is far too long; a closing quotation mark may be missing."
    return f"The line is not valid CSV: {text}."


def _has_content(cells: Iterable[str]) -> bool:
    return any(cell.strip() for cell in cells)


def _table(rows: Iterator[TableRow], faults: list[Fault], form: str, first: list[TableRow]) -> Table:
    header = next(rows, None)
    if header is None:
        raise Unreadable("The file has no header line." if not faults else faults[0].reason)
    if len(header.cells) > MOST_COLUMNS:
        raise Unreadable(f"The first line has more than {MOST_COLUMNS} columns; it is no header.")
    headers = [shortened(" ".join(cell.split())) for cell in header.cells]
    lines = [_as_wide_as(headers, row, faults) for row in rows]
    kept = [line for line in lines if line]
    faults.sort(key=lambda fault: fault.line)
    return Table(headers, kept, faults, form, header.number, first)


def _as_wide_as(headers: list[str], row: TableRow, faults: list[Fault]) -> TableRow | None:
    """The row with one cell per header, missing ones at its end empty; None, and a fault, for too many."""
    width, cells = len(headers), row.cells
    if not _has_content(cells[width:]):
        return TableRow(row.number, cells[:width] + [""] * (width - len(cells)))
    reason = f"Cells in this line: {len(cells)}; in the header: {width}. A delimiter may stand unquoted."
    faults.append(Fault(row.number, "", shortened(" | ".join(cells)), reason))
    return None


# XLSX -----------------------------------------------------------------------------------------------


def _read_xlsx(data: bytes, sheet: str, header: int) -> Table:
    has_formulas = _refuse_bombs(data)
    try:
        book = _workbook(data, results=True)
        sheets = [one.title for one in book.worksheets if one.sheet_state == "visible"]
        written = _workbook(data, results=False) if has_formulas else None
        for worksheet in _worksheets(book, sheet):
            rows = list(_xlsx_rows(worksheet, written[worksheet.title] if written else None))
            if rows:
                break
        book.close()
    except Unreadable:
        raise
    except Exception as error:  # openpyxl raises whatever its parsers do
        raise Unreadable("This XLSX file cannot be opened. Save it again, or as CSV.") from error
    width = max((len(row.cells) for row in rows), default=0)
    padded = [TableRow(row.number, row.cells + [""] * (width - len(row.cells))) for row in rows]
    below = (row for row in padded if row.number >= header)
    table = _table(below, [], f"XLSX, sheet {worksheet.title}", padded[:SHOWN_LINES])
    table.sheets, table.sheet = sheets, worksheet.title
    return table


def _workbook(data: bytes, *, results: bool) -> Any:
    """With the results of formulas as the program that wrote the file stored them, or with the formulas."""
    return openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=results)


def _refuse_bombs(data: bytes) -> bool:
    """Raises Unreadable for what is no workbook or too large; says whether a sheet has formulas."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
            names = set(packed.namelist())
            if "xl/workbook.xml" in names and size <= LARGEST_FILE:
                sheets = [name for name in names if name.startswith("xl/worksheets/")]
                return any(_FORMULA.search(packed.read(name)) for name in sheets)
    except (zipfile.BadZipFile, OSError, RuntimeError, zlib.error) as error:
        raise Unreadable("The file is damaged.") from error
    if "content.xml" in names:
        raise Unreadable("This is an OpenDocument sheet (.ods). Save it as .xlsx or CSV.")
    if "xl/workbook.xml" not in names:
        raise Unreadable("This is a ZIP archive, not a workbook. Unpack it and give the file inside.")
    raise Unreadable(f"The workbook holds more than {LARGEST_FILE // 1024**2} MB. Split it.")


def _worksheets(book: Any, name: str) -> list[Any]:
    """The one of this name; without a name the visible ones, of which the first with content is meant."""
    sheets = book.worksheets
    if name:
        found = [sheet for sheet in sheets if sheet.title == name]
        if not found:
            raise Unreadable(f"There is no sheet {name!r}; there are {', '.join(book.sheetnames)}.")
        return found
    visible = [sheet for sheet in sheets if sheet.sheet_state == "visible"]
    if not visible:
        raise Unreadable("The workbook has no visible sheet.")
    return visible


def _xlsx_rows(worksheet: Any, formulas: Any) -> Iterator[TableRow]:
    """Formula cells count as the value that is stored beside them; where none is, the formula tells so."""
    written = _xlsx_cells(formulas) if formulas else repeat(())
    for number, (cells, asked) in enumerate(zip(_xlsx_cells(worksheet), written, strict=False), start=1):
        texts = [_as_text(cell) for cell in cells]
        for index, formula in enumerate(asked):
            if formula.data_type == "f" and not texts[index]:
                texts[index] = Unsolved(formula.value)
        if _has_content(texts):
            yield TableRow(number, texts)


def _xlsx_cells(worksheet: Any) -> Iterator[Any]:
    worksheet.reset_dimensions()  # some programs state a wrong size
    return (row[: MOST_COLUMNS + 1] for row in worksheet.iter_rows())


def _as_text(cell: Any) -> str:
    """A cell's value as the sheet shows it; whole numbers without ".0", dates in ISO form."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number_text(value, cell.number_format)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return str(value)


def _number_text(value: float, shape: str) -> Figure:
    """With the digits that a sheet keeps, and with the zeros in front that a format such as 00000 shows."""
    number = Decimal(value) if isinstance(value, int) else Decimal(f"{value:.{SPREADSHEET_DIGITS}g}")
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return Figure(text.zfill(len(shape)) if shape.strip("0") == "" else text)
