"""Who may do what with tests, and when. No queries beyond the objects at hand."""

from enablement.courses.models import Enrolment
from enablement.courses.policies import may_take_part
from enablement.quizzes.models import Attempt
from portal.people.policies import administers_partner
from portal.tenancy.access import Actor


def may_try(actor: Actor, enrolment: Enrolment) -> bool:
    """One's own test; somebody else tries for nobody."""
    return may_take_part(actor) and enrolment.user_id == actor.user.pk and enrolment.left_at is None


def may_answer(actor: Actor, attempt: Attempt) -> bool:
    return may_take_part(actor) and attempt.user_id == actor.user.pk


def may_grant(actor: Actor, enrolment: Enrolment) -> bool:
    """One more try: the partner's admin to the partner's people, never to oneself; the vendor's managers."""
    return enrolment.user_id != actor.user.pk and administers_partner(actor, enrolment.partner_id)
