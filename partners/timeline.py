"""How the golden record reads: one event as a heading and a line.

Apps above record events with data of their own; what of it is understood here, whoever recorded it:
`customer`, `title`, `person`, `region`, `email`, `list` name what it is about; `from` and `to` say what
changed; `amount` (minor units) with `currency`, `reason` and `reference` (of a deal or lead) add to it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import NoReverseMatch, reverse

from portal.events.log import event_type, event_types
from portal.events.models import PortalEvent
from portal.metrics.declarations import Quadrant
from portal.ui import formatting

SIGN_IN = "portal.login"
_SUBJECTS = ("customer", "title", "person", "region", "email", "list")


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as a page shows it; `quadrant` colours the icon, `url` leads to what it is about or is ''."""

    at: datetime
    heading: str
    line: str
    quadrant: str
    icon: str
    url: str


def of_kinds(rows: QuerySet[PortalEvent], kinds: Iterable[str]) -> QuerySet[PortalEvent]:
    """Events whose type belongs to one of these kinds: a quadrant, or "programme" for the rest."""
    wanted = set(kinds)
    if wanted >= {*Quadrant.values, "programme"}:
        return rows
    listed = [kind.key for kind in event_types() if (kind.quadrant or "programme") in wanted]
    return rows.filter(Q(type__in=listed))


def by_month(events: Iterable[PortalEvent]) -> list[tuple[str, list[Entry]]]:
    """[("November 2026", entries)] of events in falling order of time."""
    months = groupby(folded(events), key=lambda item: formatting.format_date(item.at, "month"))
    return [(month, list(group)) for month, group in months]


def folded(events: Iterable[PortalEvent]) -> Iterable[Entry]:
    """Events as entries; what follows each other on one day and says little is one of them."""
    return (_told(list(group)) for _, group in groupby(events, key=_sitting))


def _sitting(event: PortalEvent) -> object:
    """Sign-ins of one day, and reminders of one day, are told together; every other event stands alone."""
    kind = event_type(event.type)
    if event.type == SIGN_IN or kind.is_reminder:
        return kind.is_reminder, formatting.local_day(event.occurred_at)
    return event.pk


def _told(events: list[PortalEvent]) -> Entry:
    latest = entry(events[0])
    if len(events) == 1:
        return latest
    if events[0].type == SIGN_IN:
        return replace(latest, line=", ".join(dict.fromkeys(str(event.actor) for event in events)))
    counted = Counter(event_type(event.type).label for event in events)
    line = ", ".join(f"{label}: {count}" for label, count in counted.items())
    return replace(latest, heading=f"{len(events)} reminders", line=line, url="")


def entry(event: PortalEvent) -> Entry:
    kind = event_type(event.type)
    return Entry(
        at=event.occurred_at,
        heading=_heading(kind.label, event.data),
        line=". ".join(_line(event)),
        quadrant=kind.quadrant,
        icon=kind.icon,
        url=_url(event),
    )


def _heading(label: str, data: Mapping[str, Any]) -> str:
    subject = next((str(data[key]) for key in _SUBJECTS if data.get(key)), "")
    heading = f"{label}: {subject}" if subject else label
    amount, currency = data.get("amount"), data.get("currency")
    if not isinstance(amount, int) or not currency:
        return heading
    return f"{heading}, {formatting.format_money(amount, str(currency), whole=True)}"


def _line(event: PortalEvent) -> Iterable[str]:
    data = event.data
    if event.actor:
        yield str(event.actor)
    if data.get("from") and data.get("to"):
        yield f"{data['from']} → {data['to']}"
    elif event.type == "partners.changed":
        yield ", ".join(f"{name}: {value or 'none'}" for name, value in data.items())
    if data.get("reason"):
        yield str(data["reason"]).rstrip(".")


def _url(event: PortalEvent) -> str:
    if not event.data.get("reference"):
        return ""
    page = "leads:detail" if event.subject_type.startswith("deals.lead") else "deals:detail"
    try:
        return reverse(page, args=[event.data["reference"]])
    except NoReverseMatch:
        return ""
