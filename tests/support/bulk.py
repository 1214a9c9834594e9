"""Files of registrations."""

import csv
from datetime import timedelta
from io import StringIO

from django.utils import timezone

from deals.registration.bulk.rows import COLUMNS

HEADER = [names[0] for names in COLUMNS.values()]


def row(**changes: str) -> dict[str, str]:
    close = timezone.localdate() + timedelta(days=40)
    return {
        "Customer": "Tiroler Logistik AG",
        "Website": "tiroler-logistik.at",
        "Country": "Austria",
        "Contact": "Chiara Moser",
        "Product": "arm",
        "Quantity": "6",
        "Amount": "86,000",
        "Expected close": close.isoformat(),
        "Use case": "Replace two routes.",
        **{name.replace("_", " "): text for name, text in changes.items()},
    }


def as_csv(*rows: dict[str, str], header: list[str] | None = None) -> bytes:
    text = StringIO()
    writer = csv.DictWriter(text, header or HEADER)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
