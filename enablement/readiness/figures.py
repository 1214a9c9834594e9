"""The one statement behind the enablement quadrant: what every partner's people learned, as of any day.

People take their certificates along: what somebody holds counts where they sit on the day. What was done in a
course counts where the person sat when it was begun.
"""

from datetime import timedelta
from typing import Any, Final, NamedTuple

from portal.metrics.declarations import AsOf
from portal.metrics.statements import Statement

YEAR, HALF_YEAR, QUARTER, SOON = 365, 180, 90, 60  # days

_IN_FORCE = "held_until >= %(end)s and (held_from is null or held_from < %(end)s)"


def _then(table: str, versions: str, key: str, columns: str, own: str = "") -> str:
    """A sub-select of the rows as they were at the end of the day; `own` where the row's columns differ."""
    return f"""(
        select {own or columns} from {table} now
        where vendor_id = %(vendor)s {{of_partners}} and not exists (
            select from {versions} version
            where version.vendor_id = %(vendor)s and version.{key} = now.id and {_IN_FORCE}
        )
        union all
        select {columns} from {versions} where vendor_id = %(vendor)s and {_IN_FORCE} {{of_partners}}
    )"""  # noqa: S608  # tables and columns of our own


def _everybodys(text: str) -> str:
    """The same of a table that knows no partner."""
    return text.replace("{of_partners}", "")


_SEATS = _then("partners_seat", "partners_seatversion", "seat_id",
               "partner_id, user_id, membership_id, since, left_at")  # fmt: skip
_ACCESS = _everybodys(
    _then("portal_membership", "portal_membershipversion", "membership_id", "membership_id, is_active",
          "id as membership_id, is_active")
)  # fmt: skip
_ASKED = _everybodys(
    _then("enablement_accreditationrule", "enablement_accreditationversion", "rule_id",
          "tier_id, certification_id, people, since")
)  # fmt: skip
_TRIES = _then("enablement_attempt", "enablement_attemptversion", "attempt_id",
               "partner_id, number, submitted_at, score, passed")  # fmt: skip

_SQL = f"""
with
person as (
    select partner_id, user_id
    from {_SEATS} seat join {_ACCESS} access using (membership_id)
    where is_active and since < %(end)s and (left_at is null or left_at >= %(end)s)
),
held as (
    select person.partner_id, person.user_id, award.certification_id, award.expires_at,
        exists (
            select from enablement_award renewal
            where renewal.vendor_id = %(vendor)s and renewal.renews_id = award.id
                and renewal.awarded_at < %(end)s
                and (renewal.revoked_at is null or renewal.revoked_at >= %(end)s)
        ) as renewed
    from person
    join enablement_award award on award.vendor_id = %(vendor)s and award.user_id = person.user_id
    where award.awarded_at < %(end)s
        and (award.expires_at is null or award.expires_at >= %(last)s)
        and (award.revoked_at is null or award.revoked_at >= %(end)s)
),
peopled as (
    select partner_id, count(*) as people from person group by partner_id
),
certified as (
    select
        partner_id,
        count(distinct user_id) as certified,
        count(*) as valid,
        count(*) filter (where expires_at < %(soon)s and not renewed) as expiring
    from held group by partner_id
),
heads as (
    select partner_id, certification_id, count(distinct user_id) as heads
    from held group by partner_id, certification_id
),
placed as (
    select partner_id, tier_id
    from (
        select now.id as partner_id,
            case when version.id is null then now.tier_id else version.tier_id end as tier_id
        from partners_partner now
        left join partners_partnerversion version
            on version.vendor_id = %(vendor)s and version.partner_id = now.id and {_IN_FORCE}
        where now.vendor_id = %(vendor)s
    ) partner
    where true {{of_partners}}
),
covered as (
    select
        placed.partner_id,
        count(*) as required,
        count(*) filter (where coalesce(heads, 0) >= people) as met,
        sum(greatest(people - coalesce(heads, 0), 0))::bigint as missing
    from placed
    join {_ASKED} asked on asked.tier_id = placed.tier_id and (since is null or since < %(end)s)
    left join heads on heads.partner_id = placed.partner_id
        and heads.certification_id = asked.certification_id
    group by placed.partner_id
),
earned as (
    select
        partner_id,
        count(*) as earned_ever,
        count(*) filter (where awarded_at >= %(quarter)s) as earned,
        count(*) filter (where awarded_at >= %(half_year)s and awarded_at < %(quarter)s) as earned_before
    from enablement_award
    where vendor_id = %(vendor)s and awarded_at < %(end)s
        and (revoked_at is null or revoked_at >= %(end)s) {{of_partners}}
    group by partner_id
),
begun as (
    select
        partner_id,
        count(*) as started,
        count(*) filter (where completed_at < %(end)s) as completed,
        count(*) filter (where left_at < %(end)s) as given_up
    from enablement_enrolment
    where vendor_id = %(vendor)s and enrolled_at >= %(half_year)s and enrolled_at < %(end)s {{of_partners}}
    group by partner_id
),
tried as (
    select
        partner_id,
        count(*) filter (where number = 1 and score is not null) as first_tries,
        coalesce(sum(score) filter (where number = 1), 0)::bigint as first_marks,
        count(*) filter (where number = 1 and score is not null and passed) as first_passes,
        count(*) filter (where number > 1) as retakes
    from {_TRIES} try
    where submitted_at >= %(year)s and submitted_at < %(end)s
    group by partner_id
)
select
    partner_id,
    (exists (select from enablement_certification where vendor_id = %(vendor)s and created_at < %(end)s)
        or exists (select from enablement_award where vendor_id = %(vendor)s and awarded_at < %(end)s)),
    coalesce(people, 0), coalesce(certified, 0), coalesce(valid, 0), coalesce(expiring, 0),
    coalesce(required, 0), coalesce(met, 0), coalesce(missing, 0),
    coalesce(earned_ever, 0), coalesce(earned, 0), coalesce(earned_before, 0),
    coalesce(started, 0), coalesce(completed, 0), coalesce(given_up, 0),
    coalesce(first_tries, 0), coalesce(first_marks, 0), coalesce(first_passes, 0), coalesce(retakes, 0)
from peopled
full join certified using (partner_id)
full join covered using (partner_id)
full join earned using (partner_id)
full join begun using (partner_id)
full join tried using (partner_id)
"""  # noqa: S608  # sub-selects of our own


class Figures(NamedTuple):
    """What the statement says of one partner: counts, and marks in basis points.

    `offered`: there is anything to be certified in. `valid` are certificates in force, `missing` the people
    that the tier asks for and who are not there.
    """

    partner_id: int
    offered: bool
    people: int
    certified: int
    valid: int
    expiring: int
    required: int
    met: int
    missing: int
    earned_ever: int
    earned: int
    earned_before: int
    started: int
    completed: int
    given_up: int
    first_tries: int
    first_marks: int
    first_passes: int
    retakes: int


def last_moment(as_of: AsOf) -> Any:
    """A certificate is in force to the last moment of its last day, which is what it keeps."""
    return as_of.end - timedelta(microseconds=1)


def soon(as_of: AsOf) -> Any:
    """First moment after the days in which an end is near."""
    return as_of.start_of(as_of.day + timedelta(days=SOON + 1))


def _moments(as_of: AsOf) -> dict[str, Any]:
    return {
        "end": as_of.end,
        "last": last_moment(as_of),
        "soon": soon(as_of),
        "year": as_of.trailing(YEAR),
        "half_year": as_of.trailing(HALF_YEAR),
        "quarter": as_of.trailing(QUARTER),
    }


#: One row per partner that has people, rules to meet, or anything learned.
FIGURES: Final = Statement(_SQL, Figures, _moments)
