"""Forms of the administration: who a learner is, and what an activity stands for."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError

from enablement.courses.models import Course, Module
from enablement.records.grammar import Invalid, indexed, is_iri
from enablement.records.models import ActivityLink, Learner, VerbMeaning
from portal.people.models import Membership, User
from portal.ui.forms import VendorModelForm


def _iri(value: str, what: str) -> str:
    value = value.strip()
    try:
        is_iri(value, what)
    except Invalid as error:
        raise ValidationError("Give the whole IRI, such as https://example.com/courses/1.") from error
    return indexed(value)


class LearnerForm(VendorModelForm):
    email = forms.EmailField(
        label="Person",
        help_text="E-mail address of the person in the portal. What was told of the learner becomes theirs.",
    )

    class Meta:
        model = Learner
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.user_id:
            self.fields["email"].initial = self.instance.user.email

    def clean_email(self) -> User:
        email = self.cleaned_data["email"].strip().lower()
        member = Membership.objects.select_related("user").filter(user__email=email).first()
        if member is None:
            raise ValidationError("Nobody with this address belongs to the vendor or its partners.")
        user: User = member.user
        return user


class VerbMeaningForm(VendorModelForm):
    class Meta:
        model = VerbMeaning
        fields = ("verb", "outcome")

    def clean_verb(self) -> str:
        return _iri(self.cleaned_data["verb"], "verb")


class ActivityLinkForm(VendorModelForm):
    stands_for = forms.ChoiceField(help_text="A course as a whole, or one of its modules.")

    class Meta:
        model = ActivityLink
        fields = ("activity",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stands_for"].choices = [("", "Choose"), *course_choices()]  # type: ignore[attr-defined]
        if self.instance.course_id:
            self.fields["stands_for"].initial = _value(self.instance.course_id, self.instance.module_key)

    def clean_activity(self) -> str:
        return _iri(self.cleaned_data["activity"], "activity")

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        if answers.get("stands_for"):
            course, _, key = answers["stands_for"].partition(":")
            self.instance.course_id = int(course)
            self.instance.module_key = UUID(key) if key else None
        return answers


def course_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every published course with its modules, as a grouped select."""
    courses = list(Course.objects.filter(published__isnull=False).order_by("title"))
    modules = Module.objects.filter(version__in=[course.published_id for course in courses])
    by_version: dict[int, list[Module]] = {}
    for module in modules.order_by("position"):
        by_version.setdefault(module.version_id, []).append(module)
    return [
        (
            course.title,
            [
                (_value(course.pk, None), f"{course.title}, all of it"),
                *((_value(course.pk, one.key), one.title) for one in by_version.get(course.published_id, [])),
            ],
        )
        for course in courses
    ]


def _value(course_id: int, key: UUID | None) -> str:
    return f"{course_id}:{key}" if key else str(course_id)
