"""Who may see what notifications of learning lead to."""

from collections.abc import Collection, Iterable

from enablement.certifications.models import Award
from enablement.courses.models import Course
from partners.models import Partner
from partners.selectors import managers_of
from portal.notifications.readers import Subject, declare_subject
from portal.people.models import User
from portal.tenancy.access import Actor


def _courses(actor: Actor, slugs: Collection[str]) -> Collection[str]:
    return set(Course.objects.filter(slug__in=slugs).values_list("slug", flat=True))


def _certificates(actor: Actor, references: Collection[str]) -> Collection[str]:
    return set(Award.objects.filter(reference__in=references).values_list("reference", flat=True))


def _teams(actor: Actor, slugs: Collection[str]) -> Collection[str]:
    return set(Partner.objects.filter(slug__in=slugs).values_list("slug", flat=True))


def _managers(slug: str) -> Iterable[User]:
    partner = Partner.objects.filter(slug=slug).first()
    return managers_of(partner) if partner else ()


def _nobody(target: str) -> Iterable[User]:
    """What one learns, and is certified for, is passed on to nobody."""
    return ()


declare_subject(Subject(_courses, _nobody), "enablement:course")
declare_subject(Subject(_certificates, _nobody), "enablement:certificate")
declare_subject(Subject(_teams, _managers), "enablement:team_of")
