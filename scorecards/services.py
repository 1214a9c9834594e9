"""Writes of scorecards: nightly runs, rescoring after an event, back-filling, the defaults of a new vendor.

Every function twice is once. A scorecard may always be computed again: it depends on timestamps, on the
programme's targets and weights, and on nothing else.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import orjson
from celery import current_app
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone

from partners.models import Partner
from portal.events.log import record
from portal.events.models import PortalEvent
from portal.history.models import LateFact
from portal.metrics.declarations import AsOf, Quadrant, Summary, all_metrics, moves_scores
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.scope import current_vendor_id, entered, system_scope
from portal.tenancy.wall import across_the_wall
from scorecards import engine, latest_scores, policies, selectors
from scorecards.engine import Card
from scorecards.models import (
    SCORES,
    MetricTarget,
    QuadrantWeight,
    RestatedScorecard,
    Scorecard,
    ScoringRun,
    ScoringScheme,
    StalePartner,
)
from scorecards.scoring import Scheme

#: Seconds after an event in which others about the same partner join its rescore.
DEBOUNCE = 10
#: Seconds after which a mark counts as forgotten, and the sweep takes it.
FORGOTTEN = 20
#: Late facts settled together; the days they touch are each computed once.
LATE_FACTS = 2_000


# ------------------------------------------------------------------------------------ computing and keeping


def compute(*, vendor: Vendor, as_of: date, partner_ids: Collection[int] | None = None) -> list[Card]:
    """The scorecards of these partners (None: all) as of a day, compared with their peers, not kept.

    Runs in the caller's transaction under the vendor's system scope. Peers of a few partners are the
    others' newest kept scorecards, none after the day.
    """
    if partner_ids is None:
        return engine.compute(vendor=vendor, day=as_of)
    return engine.compute_some(
        vendor=vendor,
        day=as_of,
        partner_ids=partner_ids,
        kept=lambda others: selectors.compared_figures(others, as_of),
    )


_COLUMNS = ", ".join(SCORES)
_NEW_COLUMNS = ", ".join(f"{name} = excluded.{name}" for name in SCORES)
_TYPED = ", ".join(f"{name} {'bigint' if name in Summary.values else 'numeric'}" for name in SCORES)
_KEEP = f"""
insert into scorecards_scorecard (
    vendor_id, as_of, computed_at, partner_id, scheme_id, {_COLUMNS}, measured, places, peer_spread
)
select %(vendor)s, %(as_of)s, %(now)s, partner_id, scheme_id, {_COLUMNS},
    measured, places, (%(spreads)s::text[])[spread]
from json_to_recordset(%(cards)s) card (
    partner_id bigint, scheme_id bigint, {_TYPED}, measured text, places text, spread int
)
on conflict (vendor_id, partner_id, as_of) do update set
    computed_at = excluded.computed_at, scheme_id = excluded.scheme_id, {_NEW_COLUMNS},
    measured = excluded.measured, places = excluded.places,
    peer_spread = excluded.peer_spread
"""  # noqa: S608  # columns of our own


def scorecards_store(cards: Sequence[Card], *, vendor: Vendor, as_of: date) -> int:
    """Keep the scorecards of a day. Returns how many.

    Those computed while the day went on are replaced. One computed after its end is what was known then and
    stays; where another comes out now, that is kept beside it as a `RestatedScorecard`.
    """
    if not cards:
        return 0
    end = AsOf.of(vendor, as_of).end
    final = Scorecard.objects.filter(as_of=as_of, computed_at__gte=end).only("partner_id", "measured")
    known_then = {card.partner_id: card.measured for card in final}
    _restate([card for card in cards if card.partner_id in known_then], known_then, as_of)
    _keep([card for card in cards if card.partner_id not in known_then], as_of)
    return len(cards)


def _restate(cards: Sequence[Card], known_then: Mapping[int, Mapping[str, Any]], as_of: date) -> None:
    """Keep those that came out differently as known now, and no longer those that came out the same."""
    if not cards:
        return
    now = timezone.now()
    changed = [
        RestatedScorecard(
            partner_id=card.partner_id,
            as_of=as_of,
            computed_at=now,
            scheme=scoring_scheme_keep(card.scheme),
            measured=orjson.loads(orjson.dumps(card.measured, default=float)),
            **card.columns(),
        )
        for card in cards
        if _differs(card, known_then[card.partner_id])
    ]
    others = {card.partner_id for card in cards} - {card.partner_id for card in changed}
    RestatedScorecard.objects.filter(as_of=as_of, partner__in=others).delete()
    RestatedScorecard.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["vendor", "partner", "as_of"],
        update_fields=["computed_at", "scheme", "measured", *SCORES],
    )


def _differs(card: Card, kept: Mapping[str, Any]) -> bool:
    """Whether anything that was found then is found otherwise now."""
    found = orjson.loads(orjson.dumps(card.measured, default=float))
    return any(found[key] != kept[key] for key in found.keys() & kept.keys())


def _keep(cards: Sequence[Card], as_of: date) -> int:
    """In place of those the day had. Returns how many.

    All rows travel as one JSON text: as objects, those of a large vendor would take longer to write than to
    compute.
    """
    if not cards:
        return 0
    schemes = {scheme: scoring_scheme_keep(scheme).pk for scheme in {card.scheme for card in cards}}
    spreads = {id(card.peer_spread): card.peer_spread for card in cards}
    place = {spread: number for number, spread in enumerate(spreads, 1)}  # SQL counts from 1
    rows = [_row(card, schemes[card.scheme], place[id(card.peer_spread)]) for card in cards]
    parameters = {
        "vendor": current_vendor_id(),
        "as_of": as_of,
        "now": timezone.now(),
        "spreads": [orjson.dumps(spread).decode() for spread in spreads.values()],
        "cards": orjson.dumps(rows, default=float).decode(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, parameters)
    latest_scores.renew(as_of=as_of, partner_ids=[card.partner_id for card in cards])
    return len(cards)


def _row(card: Card, scheme_id: int, spread: int) -> dict[str, Any]:
    return {
        "partner_id": card.partner_id,
        "scheme_id": scheme_id,
        **card.columns(),
        "measured": card.measured,
        "places": card.places,
        "spread": spread,
    }


def scoring_scheme_keep(scheme: Scheme) -> ScoringScheme:
    """The row of these rules; the same rules are one row."""
    rules = scheme.as_json()
    digest = hashlib.sha256(orjson.dumps(rules, option=orjson.OPT_SORT_KEYS)).hexdigest()
    kept: ScoringScheme = ScoringScheme.objects.get_or_create(digest=digest, defaults={"rules": rules})[0]
    return kept


def score(*, vendor: Vendor, as_of: date, partner_ids: Collection[int] | None = None) -> list[Card]:
    """Compute and keep, whether or not that was done before.

    All partners of a day that has ended are its nightly run; a day that still goes on gets one tonight.
    """
    with entered(system_scope(vendor.pk)), transaction.atomic():
        _wait_for_turn(vendor, as_of)
        with engine.uncollected():
            cards = compute(vendor=vendor, as_of=as_of, partner_ids=partner_ids)
            scorecards_store(cards, vendor=vendor, as_of=as_of)
        if partner_ids is None and as_of <= day_that_ended(vendor):
            _run_finished(as_of, len(cards))
        return cards


def nightly(*, vendor: Vendor, as_of: date) -> ScoringRun | None:
    """The run of one vendor and day, once: a finished run is returned as it is.

    None when another process is at it. A run that was killed leaves its row unfinished and no scorecards;
    the next call does it again.
    """
    run = _run_started(vendor, as_of)
    if run.finished_at:
        return run
    with entered(system_scope(vendor.pk)), transaction.atomic():
        if not _is_our_turn(vendor, as_of):
            return None
        run.refresh_from_db()
        if run.finished_at:
            return run
        with engine.uncollected():
            kept = scorecards_store(compute(vendor=vendor, as_of=as_of), vendor=vendor, as_of=as_of)
        return _run_finished(as_of, kept)


def _run_started(vendor: Vendor, as_of: date) -> ScoringRun:
    """In a transaction of its own, so that a run that is killed can be seen."""
    with entered(system_scope(vendor.pk)), transaction.atomic():
        run: ScoringRun = ScoringRun.objects.get_or_create(as_of=as_of)[0]
        return run


def _run_finished(as_of: date, partners: int) -> ScoringRun:
    finished = {"finished_at": timezone.now(), "partners": partners}
    run: ScoringRun = ScoringRun.objects.update_or_create(as_of=as_of, defaults=finished)[0]
    return run


def _is_our_turn(vendor: Vendor, as_of: date) -> bool:
    """Advisory lock of a vendor's day, until the transaction ends; False when somebody has it."""
    return _locked("pg_try_advisory_xact_lock", f"scorecards:{vendor.pk}:{as_of}")


def _wait_for_turn(vendor: Vendor, as_of: date) -> None:
    _locked("pg_advisory_xact_lock", f"scorecards:{vendor.pk}:{as_of}")


def _locked(function: str, name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"select {function}(hashtextextended(%s, 0))", [name])
        return cursor.fetchone()[0] is not False


def backfill(*, vendor: Vendor, month_ends: int = 12, until: date | None = None) -> int:
    """Runs for the month-ends before a day (default: today), so that trends are there from the first day.

    Each is a run of its own: what was done is not done again, what was interrupted goes on.
    """
    ends = selectors.month_ends(until or timezone.localdate(timezone=vendor.zone), month_ends)
    return sum(nightly(vendor=vendor, as_of=day) is not None for day in ends)


def day_that_ended(vendor: Vendor) -> date:
    """The vendor's yesterday: the newest day whose scores are final."""
    return timezone.localdate(timezone=vendor.zone) - timedelta(days=1)


def run_is_due(vendor: Vendor) -> bool:
    """Whether the vendor's day has turned and yesterday's run is not finished."""
    with entered(system_scope(vendor.pk)), transaction.atomic():
        return not ScoringRun.objects.filter(as_of=day_that_ended(vendor), finished_at__isnull=False).exists()


# ------------------------------------------------------------------------------------ after an event


def mark_stale(event: PortalEvent) -> None:
    """An event that a metric reads marks its partner; a debounced task rescores it after the commit.

    Called inside the recording transaction, under the scope of whoever acts. Marks are only ever added
    here: they never wait for one another, whatever else the transaction holds.
    """
    if event.partner_id is None or not moves_scores(event.type):
        return
    # In bulk, because a plain save wants to read the row back, which partner people may not.
    StalePartner.objects.bulk_create([StalePartner(partner_id=event.partner_id)], ignore_conflicts=True)
    vendor_id, partner_id = event.vendor_id, event.partner_id
    transaction.on_commit(lambda: _hand_over(vendor_id, partner_id), robust=True)


def mark_many_stale(events: Sequence[PortalEvent]) -> None:
    """The same for an import, in one statement; the sweep rescores so many together."""
    partner_ids = {event.partner_id for event in events if event.partner_id and moves_scores(event.type)}
    marks = [StalePartner(partner_id=partner_id) for partner_id in sorted(partner_ids)]
    StalePartner.objects.bulk_create(marks, ignore_conflicts=True)


def _hand_over(vendor_id: int | None, partner_id: int | None) -> None:
    """Without a broker the mark waits for the sweep; the request must not wait for a broker."""
    current_app.send_task(
        "scorecards.tasks.rescore", [vendor_id, partner_id], countdown=DEBOUNCE, retry=False
    )


def rescore(*, vendor: Vendor, partner_ids: Collection[int]) -> int:
    """Compute today's scorecards of these partners if they are marked stale; returns how many were.

    Whoever comes second finds the marks gone and has nothing to do. A mark set while we compute stays.
    """
    today = timezone.localdate(timezone=vendor.zone)
    with entered(system_scope(vendor.pk)), transaction.atomic():
        _locked("pg_advisory_xact_lock", f"rescore:{vendor.pk}")
        marks = dict(StalePartner.objects.filter(partner__in=partner_ids).values_list("pk", "partner_id"))
        stale = set(marks.values())
        if stale:
            cards = compute(vendor=vendor, as_of=today, partner_ids=stale)
            scorecards_store(cards, vendor=vendor, as_of=today)
            StalePartner.objects.filter(pk__in=marks).delete()
        return len(stale)


# ------------------------------------------------------------------------------------ what came late


def late_facts_settle(*, vendor: Vendor) -> int:
    """Compute anew every kept day that something entered later is about; returns how many days.

    What changed is kept as known now. Facts are taken in batches and each day is a transaction of its own: a
    large load neither holds locks for long nor loses all that was done when it is interrupted. Twice is once:
    a batch is settled after its last day, and what is noted meanwhile waits for the next call.
    """
    days: set[date] = set()
    with entered(system_scope(vendor.pk)), transaction.atomic():
        last = LateFact.objects.filter(settled_at=None).order_by("-pk").values_list("pk", flat=True).first()
    while facts := _unsettled(vendor, last):
        days |= _settled(vendor, facts)
    return len(days)


def _unsettled(vendor: Vendor, last: int | None) -> list[LateFact]:
    with entered(system_scope(vendor.pk)), transaction.atomic():
        return list(LateFact.objects.filter(settled_at=None, pk__lte=last or 0).order_by("pk")[:LATE_FACTS])


def _settled(vendor: Vendor, facts: Sequence[LateFact]) -> set[date]:
    with entered(system_scope(vendor.pk)), transaction.atomic():
        touched = selectors.days_touched(vendor, facts)
    for day, partner_ids in touched.items():
        with entered(system_scope(vendor.pk)), transaction.atomic(), engine.uncollected():
            _wait_for_turn(vendor, day)
            cards = compute(vendor=vendor, as_of=day, partner_ids=partner_ids)
            scorecards_store(cards, vendor=vendor, as_of=day)
    with entered(system_scope(vendor.pk)), transaction.atomic():
        LateFact.objects.filter(pk__in=[fact.pk for fact in facts]).update(settled_at=timezone.now())
    return set(touched)


def forgotten_partners(vendor: Vendor) -> list[int]:
    """Partners marked a while ago: their task was lost, or the broker was away."""
    limit = timezone.now() - timedelta(seconds=FORGOTTEN)
    with entered(system_scope(vendor.pk)), transaction.atomic():
        marked = StalePartner.objects.filter(since__lt=limit).order_by("partner_id")
        return list(marked.values_list("partner_id", flat=True).distinct())


@transaction.atomic
def scorecard_recompute(*, actor: Actor, partner: Partner, as_of: date | None = None) -> Scorecard:
    """Compute a partner's scorecard now (default: as of today), because somebody asked, and keep it."""
    if not policies.may_recompute(actor, partner.pk):
        raise PermissionDenied("Only the partner's channel managers recompute its scorecard.")
    day = as_of or timezone.localdate(timezone=actor.vendor.zone)
    with across_the_wall("peer benchmarks of a recomputed scorecard"):
        cards = compute(vendor=actor.vendor, as_of=day, partner_ids=[partner.pk])
        scorecards_store(cards, vendor=actor.vendor, as_of=day)
    record("scorecards.recomputed", actor=actor, partner_id=partner.pk, subject=partner)
    kept: Scorecard = Scorecard.objects.select_related("scheme").get(partner=partner, as_of=day)
    return kept


# ------------------------------------------------------------------------------------ a new vendor


def programme_defaults(vendor: Vendor) -> None:
    """Weights of the quadrants, and floor, target and weight of every metric, where the vendor has none yet.

    Runs under the vendor's system scope in the caller's transaction.
    """
    weights = [QuadrantWeight(quadrant=q, weight=engine.QUADRANT_WEIGHTS[q]) for q in Quadrant]
    QuadrantWeight.objects.bulk_create(weights, ignore_conflicts=True)
    rules = {metric.key: engine.default_rule(metric, vendor.currency) for metric in all_metrics()}
    targets = [
        MetricTarget(metric=key, floor=rule.floor, target=rule.target, weight=rule.weight)
        for key, rule in rules.items()
    ]
    MetricTarget.objects.bulk_create(targets, ignore_conflicts=True)
