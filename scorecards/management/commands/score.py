"""`manage.py score`: compute and keep the scorecards of a day, and print them."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from partners.models import Partner
from portal.history.models import LateFact
from portal.history.wording import wording_of
from portal.metrics.declarations import (
    AsOf,
    Figure,
    Quadrant,
    Summary,
    Unit,
    metric,
    programme_figures,
)
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope
from portal.ui.formatting import exponent
from scorecards import services
from scorecards.models import Card, RestatedScorecard, Scorecard
from scorecards.selectors import late_facts


class Command(BaseCommand):
    help = (
        "Compute and keep the scorecards of a day and print them. Totals are over all deals closed up to the "
        "end of the day, however long ago; a metric's own window is part of its definition."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--vendor", required=True, metavar="SLUG")
        parser.add_argument("--as-of", type=_day, metavar="DATE", help="YYYY-MM-DD; default: yesterday")
        parser.add_argument("--partner", metavar="KEY", help="only the partner of this key")
        parser.add_argument("--json", action="store_true", help="print everything as JSON")
        parser.add_argument(
            "--backfill", type=_count, default=0, metavar="N", help="first the N month-ends before the day"
        )

    def handle(self, **options: Any) -> None:
        vendor = _vendor(options["vendor"])
        day = options["as_of"] or services.day_that_ended(vendor)
        if day > timezone.localdate(timezone=vendor.zone):
            raise CommandError(f"{day} has not come yet in {vendor.time_zone}.")
        partner = _partner(vendor, options["partner"]) if options["partner"] else None
        if options["backfill"]:
            services.backfill(vendor=vendor, month_ends=options["backfill"], until=day)
        services.score(vendor=vendor, as_of=day, partner_ids=[partner.pk] if partner else None)
        report = _report(vendor, day, partner)
        text = json.dumps(report, indent=1) if options["json"] else "\n".join(_lines(report, vendor))
        self.stdout.write(text)


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _count(text: str) -> int:
    count = int(text)
    if not 0 <= count <= 120:
        raise ValueError
    return count


_day.__name__, _count.__name__ = "date", "number"  # what argparse calls them in a complaint


def _vendor(slug: str) -> Vendor:
    vendor = Vendor.objects.filter(slug=slug).first()
    if vendor is None:
        raise CommandError(f"There is no vendor {slug!r}.")
    return vendor


def _partner(vendor: Vendor, key: str) -> Partner:
    with entered(system_scope(vendor.pk)), transaction.atomic():
        partner = Partner.objects.filter(slug=key).first()
    if partner is None:
        raise CommandError(f"{vendor.name} has no partner {key!r}.")
    return partner


def _report(vendor: Vendor, day: date, partner: Partner | None) -> dict[str, Any]:
    """Amounts in major units, ratios as fractions, days as days."""
    with entered(system_scope(vendor.pk)), transaction.atomic():
        cards = Scorecard.objects.filter(as_of=day).select_related("partner", "scheme")
        cards = cards.filter(partner=partner) if partner else cards
        restated = RestatedScorecard.objects.filter(as_of=day).select_related("scheme")
        now = {card.partner_id: card for card in restated}
        return {
            "vendor": vendor.slug,
            "as_of": day.isoformat(),
            "computed_at": _latest(cards),
            "totals": _totals(AsOf.of(vendor, day), [partner.pk] if partner else None, vendor.currency),
            "partners": [
                _scorecard(card, vendor.currency) | {"known_now": _known_now(card, now, vendor)}
                for card in cards.order_by("partner__slug")
            ],
        }


def _latest(cards: Sequence[Scorecard] | Any) -> str | None:
    computed: list[datetime] = [card.computed_at for card in cards]
    return max(computed).isoformat() if computed else None


#: Decimals of a programme's figures.
_DIGITS = {Unit.PERCENT: 6, Unit.DAYS: 3}


def _totals(as_of: AsOf, partner_ids: list[int] | None, currency: str) -> dict[str, Any]:
    figures = programme_figures(as_of, partner_ids)
    return {figure.key: _total(figure, currency) for figure in figures}


def _total(figure: Figure, currency: str) -> float | int | None:
    if figure.unit == Unit.COUNT:
        return figure.value  # type: ignore[return-value]  # counts are whole
    if figure.unit in _DIGITS:
        return _rounded(figure.value, _DIGITS[figure.unit])
    return _major(figure.value, currency)


def _known_now(
    card: Scorecard, now: Mapping[int, RestatedScorecard], vendor: Vendor
) -> dict[str, Any] | None:
    """The day as known now, which figures differ and what came late; None where it is what was known then."""
    restated = now.get(card.partner_id)
    if restated is None:
        return None
    return {
        **_figures(restated, vendor.currency),
        "computed_at": restated.computed_at.isoformat(),
        "changed": sorted(key for key in card.measured if card.measured[key] != restated.measured.get(key)),
        "late": [_late(fact) for fact in late_facts(card, vendor)],
    }


def _late(fact: LateFact) -> dict[str, Any]:
    return {
        "what": wording_of(fact.subject_type).noun,
        "label": fact.label,
        "how": fact.kind,
        "moments": {
            name: {"before": moments[0], "after": moments[1]} for name, moments in fact.facts.items()
        },
        "noted_at": fact.noted_at.isoformat(),
        "noted_by": fact.noted_by.email if fact.noted_by else None,
    }


def _scorecard(card: Scorecard, currency: str) -> dict[str, Any]:
    return {"key": card.partner.slug, **_figures(card, currency)}


def _figures(card: Card, currency: str) -> dict[str, Any]:
    return {
        "health": _rounded(card.health, 2),
        "coverage": _rounded(card.coverage, 2),
        "quadrants": {
            quadrant: {key: part[key] for key in ("score", "weight", "points", "possible")}
            for quadrant, part in card.quadrants.items()
        },
        "sums": {name: _major(getattr(card, name), currency) for name in Summary.values},
        "metrics": {key: _metric(key, result, currency) for key, result in card.results.items()},
    }


def _metric(key: str, result: Mapping[str, Any], currency: str) -> dict[str, Any]:
    declared = metric(key)
    beside = result["beside"] or {}
    return {
        "value": _in_unit(result["value"], declared.unit, currency),
        "numerator": _in_unit(result["numerator"], declared.parts, currency),
        "denominator": _in_unit(result["denominator"], declared.parts, currency),
        "beside": {
            each.key: _in_unit(beside[each.key], each.unit, currency)
            for each in declared.beside
            if each.key in beside
        },
        **{name: result[name] for name in ("n", "score", "points", "possible", "version")},
    }


def _in_unit(figure: float | None, unit: Unit, currency: str) -> float | None:
    return _major(figure, currency) if unit in (Unit.MONEY, Unit.MONEY_PER_DAY) else figure


def _major(minor: Decimal | float | None, currency: str) -> float | None:
    if minor is None:
        return None
    return _rounded(Decimal(minor).scaleb(-exponent(currency)), max(2, exponent(currency)))


def _rounded(figure: Decimal | int | None, digits: int) -> float | None:
    return None if figure is None else float(round(Decimal(figure), digits))


def _lines(report: Mapping[str, Any], vendor: Vendor) -> list[str]:
    """The same as a table to read."""
    head = f"{vendor.name} as of {report['as_of']}, amounts in {vendor.currency}"
    totals = ", ".join(f"{name.replace('_', ' ')} {_shown(of, ',')}" for name, of in report["totals"].items())
    columns = f"{'partner':32}{'health':>8}{'coverage':>10}" + "".join(f"{q:>12}" for q in Quadrant.values)
    sums = "".join(f"{name.replace('_', ' '):>18}" for name in Summary.values)
    return [head, totals, "", columns + sums, *(_line(card) for card in report["partners"])]


def _line(card: Mapping[str, Any]) -> str:
    scores = "".join(f"{_shown(card['quadrants'][q]['score'], '.2f'):>12}" for q in Quadrant.values)
    sums = "".join(f"{_shown(card['sums'][name], ',.2f'):>18}" for name in Summary.values)
    health = f"{_shown(card['health'], '.2f'):>8}{card['coverage']:>10.2f}"
    return f"{card['key'][:31]:32}{health}{scores}{sums}"


def _shown(figure: float | None, shape: str) -> str:
    return "-" if figure is None else format(figure, shape)
