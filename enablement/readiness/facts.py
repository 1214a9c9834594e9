"""Who took which course and earned which certificate when, as facts to be compared with others."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db import connection

from portal.metrics.declarations import AsOf, Link
from portal.metrics.facts import TRAININGS, Training
from portal.tenancy.scope import current_vendor_id

# A certificate keeps the last moment it is in force; one that was revoked later was in force that day. What
# it is about follows from its courses, which have no history.
_SQL: Final = """
with about as (
    select course.certification_id, array_agg(distinct product.product_id) as products
    from enablement_certificationcourse course
    join enablement_courseproduct product
        on product.vendor_id = %(vendor)s and product.course_id = course.course_id
    where course.vendor_id = %(vendor)s
    group by course.certification_id
)
select true, award.certification_id, '', certification.name, award.partner_id, award.user_id,
    award.awarded_at as begun_at, award.awarded_at,
    least(
        award.expires_at + interval '1 microsecond',
        case when award.revoked_at < %(end)s then award.revoked_at end
    ),
    coalesce(about.products, '{}')
from enablement_award award
join enablement_certification certification
    on certification.vendor_id = %(vendor)s and certification.id = award.certification_id
left join about on about.certification_id = award.certification_id
where award.vendor_id = %(vendor)s and award.awarded_at < %(end)s
union all
select false, course.id, course.slug, course.title, enrolment.partner_id, enrolment.user_id,
    enrolment.enrolled_at, case when enrolment.completed_at < %(end)s then enrolment.completed_at end,
    null, '{}'
from enablement_enrolment enrolment
join enablement_course course on course.vendor_id = %(vendor)s and course.id = enrolment.course_id
where enrolment.vendor_id = %(vendor)s and enrolment.enrolled_at < %(end)s
order by begun_at
"""


def trainings(as_of: AsOf, since: datetime) -> Iterator[Training]:
    """All that was begun or earned by the end of the day, in that order; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {"vendor": current_vendor_id(), "end": as_of.end})
        for is_certificate, subject, slug, name, *values in cursor.fetchall():
            page = "enablement:coverage" if is_certificate else "enablement:course"
            yield Training(is_certificate, subject, Link(page, slug, name), *values)


TRAININGS.declare(trainings)
