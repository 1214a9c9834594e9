"""From a file to registrations that are checked as the form checks them, every row by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import Any, Final
from zipfile import ZipFile

from django.core.exceptions import ValidationError

from deals.conflicts.candidates import Typed
from deals.conflicts.check import Inquiry, conflict_checks
from deals.deal.models import DealSource, Verdict
from deals.registration.bulk.duplicates import Twins
from deals.registration.forms import DealForm, ProductLines, product_choices
from partners import selectors
from portal.imports.cells import Choice, Context, Country, Lookup, Refused
from portal.imports.encodings import Unreadable
from portal.imports.maps import folded
from portal.imports.tables import Fault, Table, TableRow, read_table, shortened
from portal.imports.texts import cleaned, mishap, unstorable
from portal.money import exchange
from portal.money.amounts import Figure, minor_units, plain, proven_decimal, read_amount
from portal.tenancy.access import Actor
from portal.ui.formatting import format_money

MOST_ROWS: Final = 50
#: Bytes, packed and unpacked; so many rows need a small part of it.
_LARGEST: Final = 2**20
_LARGEST_UNPACKED: Final = 20 * 2**20
_PRODUCTS: Final = 3
#: {field of the form: how its column is called in the template, then other names it is recognised by}.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "customer_name": ("Customer", "Legal name", "Company", "Customer name"),
    "customer_domain": ("Website", "Domain", "Customer domain"),
    "customer_country": ("Country", "Customer country"),
    "contact_name": ("Contact", "Contact name"),
    "contact_email": ("Contact e-mail", "Contact email", "E-mail", "Email"),
    "contact_phone": ("Contact phone", "Phone"),
    **{
        name: (f"{label} {place}" if place > 1 else label, f"{label} {place}")
        for place in range(1, _PRODUCTS + 1)
        for name, label in ((f"product_{place}", "Product"), (f"quantity_{place}", "Quantity"))
    },
    "amount": ("Amount",),
    "currency": ("Currency",),
    "expected_close": ("Expected close", "Close date"),
    "source": ("Source",),
    "use_case": ("Use case", "What they want to do"),
    "competitor": ("Competitor",),
    "notes": ("Notes",),
}
#: Where a formula is no text that somebody wrote.
_COUNTED: Final = ("amount", "quantity", "expected_close")
#: Texts of several lines; every other is one.
_WITH_LINES: Final = ("use_case", "notes")
NEEDED: Final = (
    "customer_name", "customer_country", "contact_name", "product_1", "amount", "expected_close", "use_case"
)  # fmt: skip


@dataclass(slots=True)
class Row:
    """One line of the file. `twin`: the own deal, or line of the file, that names the same customer."""

    line: int
    texts: dict[str, str]
    answers: dict[str, Any] = field(default_factory=dict)
    pairs: list[tuple[int, int]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    verdicts: list[tuple[str, Verdict]] = field(default_factory=list)
    twin: str = ""

    def as_json(self) -> dict[str, Any]:
        """What the check page shows."""
        amount = self.answers.get("amount")
        return {
            "line": self.line,
            "customer": shortened(self.texts.get("customer_name", "")),
            "amount": format_money(amount, self.answers["currency"]) if amount else "",
            "faults": [
                {"column": one.column, "value": one.value, "reason": one.reason} for one in self.faults
            ],
            "verdicts": [{"product": name, "verdict": str(verdict)} for name, verdict in self.verdicts],
            "twin": self.twin,
        }


def rows_of(actor: Actor, content: bytes, today: date, *, check: bool = True) -> list[Row]:
    """Every row with what is wrong with it, or else, with `check`, what the conflict check says.

    ValidationError, with advice, when the file as a whole cannot be taken.
    """
    table = _table(content)
    places = _places(table)
    found = [_texts(line, places) for line in table.lines]
    reading = _Reading(actor, today, proven_decimal(row.texts.get("amount", "") for row in found))
    rows = [reading.row(row) for row in found]
    rows += [Row(fault.line, {}, faults=[fault]) for fault in table.faults]
    rows.sort(key=lambda row: row.line)
    if check:
        _compare(actor, [row for row in rows if not row.faults])
    return rows


def _compare(actor: Actor, rows: Sequence[Row]) -> None:
    _check(actor, rows)
    twins = Twins(actor)
    for row in rows:
        row.twin = twins.of(row.line, row.answers["customer_name"], row.answers["customer_domain"])


def _table(content: bytes) -> Table:
    _refuse_large(content)
    try:
        table = read_table(content)
    except Unreadable as error:
        raise ValidationError(str(error)) from error
    if len(table.lines) + len(table.faults) > MOST_ROWS:
        raise ValidationError(f"The file has more than {MOST_ROWS} rows. Split it.")
    if not table.lines and not table.faults:
        raise ValidationError("The file has a header and no rows below it.")
    missing = [COLUMNS[name][0] for name in NEEDED if name not in _places(table)]
    if missing:
        raise ValidationError(f"The file has no column {', '.join(missing)}. The template has all of them.")
    return table


def _refuse_large(content: bytes) -> None:
    size = len(content)
    if content.startswith(b"PK\x03\x04"):
        with ZipFile(BytesIO(content)) as workbook:  # passed the check of uploads, so it opens
            size = max(size, sum(entry.file_size for entry in workbook.infolist()) // 20)
    if size > _LARGEST:
        raise ValidationError(f"The file is far larger than {MOST_ROWS} rows need. Split it.")


def _places(table: Table) -> dict[str, int]:
    """{field: index of its column}."""
    headers = [_header(text) for text in table.headers]
    found = {}
    for name, known in COLUMNS.items():
        index = next((headers.index(_header(one)) for one in known if _header(one) in headers), None)
        if index is not None:
            found[name] = index
    return found


def _header(text: str) -> str:
    return folded(text.replace("_", " ").replace("-", " "))


def _texts(line: TableRow, places: Mapping[str, int]) -> Row:
    texts = {name: _text(name, line.cells[index]) for name, index in places.items()}
    return Row(line.number, texts)


def _text(name: str, cell: str) -> str:
    word = "NA" if name == "customer_country" else ""  # Namibia
    return cleaned(cell, lines=name in _WITH_LINES, word=word)


class _Reading:
    """What all rows are read with, looked up once; `decimal` is the sign that the amounts prove."""

    def __init__(self, actor: Actor, today: date, decimal: str) -> None:
        self.decimal = decimal
        products = selectors.products_on_offer()
        self.context = Context(actor.vendor, today)
        self.products = Lookup(
            "product", ((p.code, p.pk) for p in products), ((p.name, p.pk) for p in products)
        )
        self.choices = product_choices(products)
        others = sorted({*exchange.currencies_with_rates()} - {actor.vendor.currency})
        self.currencies = [actor.vendor.currency, *others]

    def row(self, row: Row) -> Row:
        if self._unreadable(row):
            return row
        data = {name: text for name, text in row.texts.items() if name in DealForm.base_fields}
        data["customer_country"] = self._cell(row, "customer_country", Country())
        data["source"] = self._cell(row, "source", Choice(DealSource, default=DealSource.PARTNER))
        data["currency"] = row.texts.get("currency", "").upper() or self.currencies[0]
        data["amount"] = self._amount(row, data["currency"])
        form = DealForm(data, currencies=self.currencies, today=self.context.today)
        lines = self._lines(row)
        told = {fault.column for fault in row.faults}
        for name, errors in form.errors.items():
            if COLUMNS[name][0] not in told if name in COLUMNS else True:
                row.faults += [self._fault(row, name, str(text)) for text in errors]
        if lines.is_valid() and form.is_valid() and not row.faults:
            row.answers, row.pairs = form.answers, lines.pairs
        return row

    def _unreadable(self, row: Row) -> bool:
        for name, text in row.texts.items():
            reason = unstorable(text) or mishap(text)
            if reason:
                row.faults.append(self._fault(row, name, reason))
            elif text.startswith("=") and name.startswith(_COUNTED):
                row.faults.append(self._fault(row, name, "This is a formula. Give its result."))
        return bool(row.faults)

    def _cell(self, row: Row, name: str, widget: Any) -> str:
        try:
            return str(widget.clean(row.texts.get(name, ""), context=self.context))
        except Refused as refused:
            row.faults.append(self._fault(row, name, refused.messages[0]))
            return ""

    def _amount(self, row: Row, currency: str) -> str:
        """In bare digits where the file proves how it writes amounts; otherwise the form reads or asks."""
        text = row.texts.get("amount", "")
        if not self.decimal and not isinstance(text, Figure):
            return text
        try:
            amount = read_amount(text, decimal=self.decimal)
            minor_units(amount, currency)
        except ValueError as error:
            row.faults.append(self._fault(row, "amount", str(error)))
            return ""
        return plain(amount)

    def _lines(self, row: Row) -> Any:
        data: dict[str, Any] = {}
        count = 0
        for place in range(1, _PRODUCTS + 1):
            text = row.texts.get(f"product_{place}", "")
            if text:
                data[f"lines-{count}-product"] = self._product(row, f"product_{place}", text)
                data[f"lines-{count}-quantity"] = row.texts.get(f"quantity_{place}", "") or "1"
                count += 1
        data |= {"lines-TOTAL_FORMS": str(max(count, 1)), "lines-INITIAL_FORMS": "0"}
        lines: Any = ProductLines(data, prefix="lines", form_kwargs={"products": self.choices})
        if not lines.is_valid() and not any(fault.column.startswith("Product") for fault in row.faults):
            row.faults += [
                self._fault(row, f"{name}_{place}", str(text))
                for place, form in enumerate(lines.forms, start=1)
                for name, errors in form.errors.items()
                for text in errors
            ]
        return lines

    def _product(self, row: Row, name: str, text: str) -> str:
        try:
            return str(self.products.get(text))
        except Refused as refused:
            row.faults.append(self._fault(row, name, refused.messages[0]))
            return ""

    def _fault(self, row: Row, name: str, reason: str) -> Fault:
        column = COLUMNS[name][0] if name in COLUMNS else ""
        return Fault(row.line, column, shortened(row.texts.get(name, "")), reason)


def _check(actor: Actor, rows: Sequence[Row]) -> None:
    """The conflict check for all rows in a few statements."""
    inquiries = [
        Inquiry(
            actor.partner.pk,
            Typed.of(
                row.answers["customer_name"], row.answers["customer_domain"], row.answers["customer_country"]
            ),
            tuple(product for product, _ in row.pairs),
        )
        for row in rows
    ]
    for row, answers in zip(rows, conflict_checks(inquiries), strict=True):
        row.verdicts = [(answer.product.name, answer.verdict) for answer in answers]
