"""Who may do what with courses. No queries beyond the objects at hand."""

from enablement.courses.models import Course, Enrolment
from portal.people.policies import administers_partner
from portal.tenancy.access import Actor


def may_learn(actor: Actor) -> bool:
    """Partner people learn; the vendor's look inside without leaving a trace."""
    return actor.is_partner_person and actor.partner is not None


def may_edit(actor: Actor) -> bool:
    """Courses, questions and paths are the program admin's."""
    return actor.is_admin


def may_enrol(actor: Actor, course: Course) -> bool:
    return may_learn(actor) and course.is_offered


def may_work(actor: Actor, enrolment: Enrolment) -> bool:
    """One's own, and only while it is open; somebody else learns for nobody."""
    return enrolment.user_id == actor.user.pk and enrolment.is_open


def may_see_learning_of(actor: Actor, partner_id: int) -> bool:
    """Who sees how each person of a partner is getting on: its admins, and the vendor's people in reach."""
    return actor.reaches(partner_id) if actor.is_staff else administers_partner(actor, partner_id)
