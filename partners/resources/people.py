"""Importing people: the vendor's own, and those of partners."""

import datetime as dt
from collections.abc import Collection, Hashable, Iterable, Mapping
from itertools import chain
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models.functions import Lower
from import_export.widgets import Widget

from partners import grants
from partners.models import Partner, PartnerUserGrant, Region, Seat
from partners.resources.organisations import partner_lookup
from portal.events.log import Fact, record_many
from portal.imports.cells import Cell, Choice, Context, Flag, Known, Lookup, Refused, Text
from portal.imports.resources import Saved, VendorResource
from portal.people.models import Membership, User
from portal.tenancy.roles import PARTNER_ROLES, Role
from portal.text import email_address


class Email(Widget):
    """An address as people sign in with it."""

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> str:
        address = email_address(value)
        try:
            validate_email(address)
        except ValidationError as error:
            raise Refused("This is not an e-mail address.") from error
        return address


class PersonResource(VendorResource):
    """People with their role: the vendor's own, and those seated at a partner.

    The account belongs to the person, not to the vendor: it is created if there is none, without a
    password (they choose one by "forgot password"), and never changed. Rights are only ever added.
    """

    email = Cell("email", Email(), required=True, help="The address they sign in with.", names=("e mail",))
    name = Cell("full_name", Text(), help="First and last name in one.", names=("full name",))
    first_name = Cell("first_name", Text(), help="First name.")
    last_name = Cell("last_name", Text(), help="Last name.")
    role = Cell("role", Choice(Role), required=True, help="One of the portal's roles.")
    partner = Cell("seat_partner", Known("partner"), help="Where a partner person sits, by key or name.")
    job_title = Cell("job_title", Text(), help="Job title of a partner person.", names=("title",))
    manages = Cell("manages", Known("partner"), many=True, help="Partners a channel manager is granted.")
    regions = Cell("regions", Known("region"), many=True, help="Regions a channel manager is granted.")
    is_active = Cell("is_active", Flag(default=True), help="May they sign in? Empty: yes.", names=("active",))

    keys = ("email",)
    about = (
        "An account belongs to its person: one that exists is never changed, a new one has no password, and "
        'its owner chooses one with "Forgot your password?". Rights are added and never taken.'
    )
    tracked = ("role", "is_active", "seat_partner", "job_title", "granted", "in_groups")
    stamped = ("left_at",)
    reported_as = {"granted": "manages", "in_groups": "regions"}

    class Meta:
        model = Membership
        fields = (
            "email", "name", "first_name", "last_name", "role", "partner", "job_title", "manages", "regions",
            "is_active",
        )  # fmt: skip

    def load_lookups(self) -> None:
        self.context.lookups["partner"] = partner_lookup()
        regions = Region.objects.all()
        self.context.lookups["region"] = Lookup("region", ((one.name, one.group_id) for one in regions))

    def existing(self, field: str, keys: Collection[Hashable]) -> dict[Hashable, Any]:
        rows = Membership.objects.select_related("user", "seat").annotate(address=Lower("user__email"))
        found: dict[Hashable, Any] = {row.address: row for row in rows.filter(address__in=keys)}
        users = {row.user_id: row for row in found.values()}
        for row in users.values():
            seat = getattr(row, "seat", None)
            seat = None if seat and seat.left_at else seat
            row.seat_partner = seat.partner_id if seat else None
            row.job_title = seat.job_title if seat else ""
            row.seat_since = seat.since if seat else None
            row.granted, row.in_groups = frozenset(), frozenset()
        for user_id, partner_id in _granted_partners(users):
            users[user_id].granted |= {partner_id}
        for user_id, group_id in _groups(users):
            users[user_id].in_groups |= {group_id}
        return found

    def complete(self, instance: Any, before: Any) -> None:
        for name, default in (("seat_partner", None), ("job_title", ""), ("manages", []), ("regions", [])):
            if not hasattr(instance, name):
                setattr(instance, name, default)
        instance.granted = _with(before and before.granted, instance.manages)
        instance.in_groups = _with(before and before.in_groups, instance.regions)
        self._check_role(instance, before)
        self._check_seat(instance)
        if before is None:
            instance.person = self._person(instance)
        if before is None or instance.is_active != before.is_active:
            instance.left_at = None if instance.is_active else self.now

    def _check_role(self, member: Any, before: Any) -> None:
        if (
            self.actor
            and before
            and before.user_id == self.actor.user.pk
            and self.differences(member, before)
        ):
            raise ValidationError({"email": "Your own rights are not changed by an import of your own."})
        if before and (before.role in PARTNER_ROLES) != (member.role in PARTNER_ROLES):
            sits = "a partner person" if before.role in PARTNER_ROLES else "the vendor's own"
            raise ValidationError({"role": f"This person is {sits} here. Change that by hand first."})
        manages = [name for name in ("manages", "regions") if any(getattr(member, name))]
        if manages and member.role != Role.CHANNEL_MANAGER:
            raise ValidationError({manages[0]: "Only channel managers are granted partners and regions."})

    def _check_seat(self, member: Any) -> None:
        is_partner_person = member.role in PARTNER_ROLES
        if is_partner_person and member.seat_partner is None:
            raise ValidationError({"partner": "A partner person needs a partner."})
        if not is_partner_person and member.seat_partner is not None:
            raise ValidationError({"partner": "People of the vendor have no seat at a partner."})
        Seat(job_title=member.job_title).clean_fields(
            exclude={field.name for field in Seat._meta.fields} - {"job_title"}
        )

    def _person(self, member: Any) -> User:
        """The account to create if the address has none."""
        first, last = getattr(member, "first_name", ""), getattr(member, "last_name", "")
        if not first and not last:
            first, _, last = getattr(member, "full_name", "").rpartition(" ")
            first, last = (first, last) if first else (last, "")
        person = User(email=member.email, first_name=first, last_name=last, password=make_password(None))
        person.clean_fields(exclude={"password"})
        return person

    def label(self, instance: Any) -> str:
        return f"{instance.email if hasattr(instance, 'email') else instance.user.email}, {instance.role}"

    def before_writing(self, instances: list[Any]) -> None:
        new = [one for one in instances if one.pk is None]
        persons = {one.email: one.person for one in new}
        known = User.objects.annotate(address=Lower("email")).filter(address__in=persons)
        accounts: dict[str, User] = {user.address: user for user in known}
        fresh = [person for email, person in persons.items() if email not in accounts]
        accounts |= {person.email: person for person in User.objects.bulk_create(fresh)}
        for one in new:
            one.user = accounts[one.email]
        if fresh:
            self.notes.append(f"New accounts without a password: {len(fresh)}.")

    def after_writing(self) -> None:
        members = [saved.instance for saved in self.saved]
        self._seat([saved for saved in self.saved if saved.instance.seat_partner])
        grants.grant_partners((one.user_id, partner) for one in members for partner in one.granted)
        memberships = User.groups.through
        memberships.objects.bulk_create(
            [memberships(user_id=one.user_id, group_id=group) for one in members for group in one.in_groups],
            ignore_conflicts=True,
        )
        if not self.dry_run:
            record_many([fact for saved in self.saved for fact in self._facts(saved)], actor=self.actor)

    def _seat(self, saved: list[Saved]) -> None:
        seats = [
            Seat(
                membership=one.instance,
                user_id=one.instance.user_id,
                partner_id=one.instance.seat_partner,
                job_title=one.instance.job_title,
                since=self._seated_since(one),
            )
            for one in saved
        ]
        Seat.objects.bulk_create(
            seats,
            update_conflicts=True,
            unique_fields=["vendor", "membership"],
            update_fields=["partner", "job_title", "since", "left_at"],
        )

    def _seated_since(self, saved: Saved) -> dt.datetime:
        stayed = saved.before and saved.before.seat_partner == saved.instance.seat_partner
        return saved.before.seat_since if stayed else self.now

    def _facts(self, saved: Saved) -> Iterable[Fact]:
        member, before, told = saved.instance, saved.before, {"person": str(saved.instance.user)}
        if before is None:
            data = {"role": member.role, "user": member.user_id, "imported": True}
            yield Fact("portal.joined", member.seat_partner, member, self.now, data)
        else:
            yield from self._change_facts(member, before, told)
        for partner_id in member.granted - (before.granted if before else frozenset()):
            yield Fact("partners.manager_granted", partner_id, member, self.now, told)

    def _change_facts(self, member: Any, before: Any, told: Mapping[str, str]) -> Iterable[Fact]:
        if member.role != before.role:
            data = {**told, "from": Role(before.role).label, "to": Role(member.role).label}
            yield Fact("partners.role_changed", member.seat_partner, member, self.now, data)
        if member.is_active != before.is_active:
            what = "portal.member_enabled" if member.is_active else "portal.member_disabled"
            yield Fact(what, member.seat_partner, member, self.now, {})
        if member.seat_partner != before.seat_partner:
            for partner_id in filter(None, (before.seat_partner, member.seat_partner)):
                yield Fact("partners.seat_moved", partner_id, member, self.now, told)


def _with(present: frozenset[int] | None, added: Iterable[int | None]) -> frozenset[int]:
    return frozenset(chain(present or (), (one for one in added if one is not None)))


def _granted_partners(users: Collection[int]) -> Iterable[tuple[int, int]]:
    """(user, partner of this vendor): the grants' own table stands outside the wall."""
    rows = PartnerUserGrant.objects.filter(user__in=users, permission__codename=grants.MANAGE_PARTNER)
    here = rows.filter(content_object__in=Partner.objects.values("pk"))
    return here.values_list("user_id", "content_object_id")


def _groups(users: Collection[int]) -> Iterable[tuple[int, int]]:
    here = Region.objects.values("group_id")
    rows = User.groups.through.objects.filter(user__in=users, group__in=here)
    return rows.values_list("user_id", "group_id")
