"""Importing certifications that were earned in another system. They are on record: nobody is written to."""

from collections.abc import Collection, Hashable, Iterable
from typing import Any

from django.core.exceptions import ValidationError

from enablement.certifications.models import Award, Certification
from enablement.certifications.services import data_of, reminder_stage, taken_references
from enablement.certifications.validity import end_of
from enablement.courses.resources import Person, made_key, person_lookup
from enablement.quizzes.resources import Percent
from portal import references
from portal.calendar.days import end_of_day
from portal.events.log import Fact, record_many
from portal.imports.cells import Cell, Day, Key, Known, Lookup, Moment
from portal.imports.records import Record
from portal.imports.resources import VendorResource


class AwardResource(VendorResource):
    """Who was certified when. Without a key of its own a person is certified once at a moment."""

    external_key = Cell(
        "external_key", Key(null=True), help="Its key in the system it comes from.", names=("id",)
    )
    person = Cell("seat", Person(), required=True, help="E-mail address.", names=("email", "user"))
    certification = Cell("held", Known("certification"), required=True, help="Name of a certification.")
    awarded_at = Cell(
        "awarded_at", Moment(), required=True, help="When it was earned.", names=("date", "issued")
    )
    expires_on = Cell(
        "expires_on", Day(), help="Last day in force; empty: by the certification.", names=("valid until",)
    )
    score = Cell("score", Percent(), help="0 to 100.", names=("result", "mark"))

    keys = ("external_key",)
    about = (
        "Awards of people who are here already. A later one of the same certification renews the one before. "
        "Nobody is reminded of what the file brings."
    )
    tracked = ("user_id", "partner_id", "certification_id", "awarded_at", "expires_on", "score",
               "external_key")  # fmt: skip
    stamped = ("reference", "expires_at", "reminded_days")
    reported_as = {"user_id": "person", "partner_id": "person", "certification_id": "certification",
                   "expires_at": "expires_on"}  # fmt: skip

    class Meta:
        model = Award
        fields = ("external_key", "person", "certification", "awarded_at", "expires_on", "score")

    def load_lookups(self) -> None:
        self.context.lookups["person"] = person_lookup()
        rows = Certification.objects.all()
        self.context.lookups["certification"] = Lookup("certification", ((row.name, row) for row in rows))
        known = Award.objects.values_list("user", "certification", "awarded_at", "pk")
        self.known: dict[Hashable, Any] = {(u, c, at): pk for u, c, at, pk in known}
        self.numbers: list[str] = []

    def prepare(self, records: list[Record]) -> list[Record]:
        for one in records:
            made = made_key(one, "person", "certification", "awarded_at")
            one.texts["external_key"] = one.texts.get("external_key") or made
        self.numbers = references.draw("C", len(records), taken_references)
        return records

    def existing(self, field: str, keys: Collection[Hashable]) -> dict[Hashable, Any]:
        return {row.external_key: row for row in Award.objects.filter(external_key__in=keys)}

    def complete(self, instance: Any, before: Any) -> None:
        seat, held = instance.seat, instance.held
        instance.user_id, instance.certification_id = seat.user_id, held.pk
        instance.partner_id = before.partner_id if before else seat.partner_id
        owner = self.known.setdefault((seat.user_id, held.pk, instance.awarded_at), instance.pk or instance)
        if owner != instance.pk and owner is not instance:
            raise ValidationError({"person": "This person earned it at this moment already."})
        self._set_end(instance, held)
        instance.reminded_days = reminder_stage(instance.expires_at, self.now)
        if before is None:
            instance.reference = self.numbers.pop()

    def _set_end(self, instance: Any, held: Certification) -> None:
        zone = self.context.vendor.zone
        if instance.expires_on is None:
            instance.expires_on, instance.expires_at = end_of(held, instance.awarded_at, None, zone)
            return
        instance.expires_at = end_of_day(instance.expires_on, zone)
        if instance.expires_at <= instance.awarded_at:
            raise ValidationError({"expires_on": "It ends before it was earned."})

    def label(self, instance: Any) -> str:
        return f"{instance.seat.user}, {instance.held}"

    def after_writing(self) -> None:
        self._link()
        record_many(list(self._facts()), actor=self.actor)

    def _link(self) -> None:
        """Each award renews the one before it, unless that was revoked or is renewed by another."""
        touched = {(saved.instance.user_id, saved.instance.certification_id) for saved in self.saved}
        rows = Award.objects.filter(user__in={user for user, _ in touched}).order_by("awarded_at", "pk")
        last: dict[tuple[int, int], Award] = {}
        changed = []
        renewed = {row.renews_id for row in rows if row.renews_id}
        for row in rows:
            place = (row.user_id, row.certification_id)
            before, last[place] = last.get(place), row
            is_free = before is not None and before.revoked_at is None and before.pk not in renewed
            if place in touched and row.renews_id is None and is_free:
                row.renews = before
                changed.append(row)
        Award.objects.bulk_update(changed, ["renews"])

    def _facts(self) -> Iterable[Fact]:
        for saved in self.saved:
            one = saved.instance
            if saved.before is None:
                one.user, one.certification = one.seat.user, one.held
                yield Fact("enablement.certified", one.partner_id, one, one.awarded_at, data_of(one))
