"""Who may do what with courses. No queries beyond the objects at hand."""

from enablement.courses.models import Course
from portal.tenancy.access import Actor


def may_learn(actor: Actor) -> bool:
    """Partner people learn; the vendor's look inside without leaving a trace."""
    return actor.is_partner_person and actor.partner is not None


def may_take_part(actor: Actor) -> bool:
    """Begin, go on and hand in. People of a suspended or ended partner read what they did and add nothing."""
    return may_learn(actor) and actor.writes_for(actor.partner.pk)


def may_edit(actor: Actor) -> bool:
    """Courses, questions and paths are the program admin's."""
    return actor.is_admin


def may_enrol(actor: Actor, course: Course) -> bool:
    return may_take_part(actor) and course.is_offered
