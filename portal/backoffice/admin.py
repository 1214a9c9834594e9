"""Django admin of the kernel: the vendor's settings, its people, invitations and exchange rates."""

import zoneinfo
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.dates import MONTHS

from portal.backoffice.site import VendorModelAdmin
from portal.calendar.business_time import overlapping
from portal.calendar.models import Holiday, WorkingHours
from portal.imports.admin import ImportAdminMixin
from portal.money.models import ExchangeRate
from portal.people import services
from portal.people.models import Invitation, Membership
from portal.people.policies import may_change_role
from portal.tenancy.http import portal_request
from portal.tenancy.links import absolute
from portal.tenancy.models import Vendor
from portal.tenancy.roles import STAFF_ROLES, Role
from portal.tenancy.vendor_settings import SETTINGS, currency_is_fixed, vendor_change
from portal.ui.formatting import format_date
from portal.ui.forms import VendorModelForm

STAFF_CHOICES = [(role.value, role.label) for role in Role if role in STAFF_ROLES]


class VendorForm(VendorModelForm):
    """The vendor's settings, with choices where there is a known list."""

    time_zone = forms.ChoiceField(
        choices=lambda: [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())],
        help_text="Days begin and end here: deadlines, protection, nightly scores.",
    )
    fiscal_year_start = forms.TypedChoiceField(
        label="Fiscal year begins in", choices=list(MONTHS.items()), coerce=int
    )
    protection_days = forms.IntegerField(
        min_value=1,
        max_value=730,
        help_text="Days a registration is protected from its approval; a tier may differ.",
    )
    decision_hours = forms.IntegerField(
        min_value=1, max_value=400, help_text="Working hours within which a registration is decided."
    )
    lead_answer_hours = forms.IntegerField(
        min_value=1, max_value=400, help_text="Working hours a partner has to accept or decline a lead."
    )
    lead_contact_hours = forms.IntegerField(
        min_value=1,
        max_value=400,
        help_text="Working hours from accepting a lead to the first contact with the customer.",
    )

    class Meta:
        widgets = {"colour": forms.TextInput(attrs={"type": "color"})}


@admin.register(Vendor)
class VendorAdmin(VendorModelAdmin):
    """One row: the vendor at whose address one is. It is not created or deleted here."""

    title = "Settings"
    form = VendorForm
    records_itself = True
    fieldsets = (
        (None, {"fields": ("name", "colour", "support_email", "addresses")}),
        ("Calendar and money", {"fields": ("time_zone", "fiscal_year_start", "currency")}),
        ("Deal registration", {"fields": ("protection_days", "decision_hours")}),
        ("Leads", {"fields": ("lead_answer_hours", "lead_contact_hours")}),
        ("Partners who stop", {"fields": ("suspended_partners_read", "ended_partners_read_days")}),
        ("Sign-in", {"fields": ("requires_second_factor",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Vendor]:
        # This table stands outside row security; no other vendor may ever come out of here.
        return super().get_queryset(request).filter(pk=portal_request(request).vendor.pk)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("admin:portal_vendor_change", portal_request(request).vendor.pk)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("addresses", "currency_kept") if _currency_is_fixed(request) else ("addresses",)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if not _currency_is_fixed(request):
            return self.fieldsets
        kept = {"currency": "currency_kept"}
        return [
            (name, {"fields": tuple(kept.get(str(field), field) for field in part["fields"])})
            for name, part in self.fieldsets
        ]

    @admin.display(description="Answers at")
    def addresses(self, vendor: Vendor) -> str:
        hosts = ", ".join(vendor.hosts.values_list("host", flat=True))
        return hosts or absolute(vendor, "home")

    @admin.display(description="Currency")
    def currency_kept(self, vendor: Vendor) -> str:
        return f"{vendor.currency}; fixed, because there are amounts in it already"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Vendor, form: Any, change: bool) -> None:
        changes = {name: value for name, value in form.cleaned_data.items() if name in SETTINGS}
        vendor_change(actor=portal_request(request).actor, changes=changes)


def _currency_is_fixed(request: Any) -> bool:
    """Asked several times while one page is put together, answered once."""
    if not hasattr(request, "currency_is_fixed"):
        request.currency_is_fixed = currency_is_fixed()
    return bool(request.currency_is_fixed)


class MembershipForm(VendorModelForm):
    role = forms.ChoiceField(choices=STAFF_CHOICES)
    is_active = forms.BooleanField(
        label="Has access",
        required=False,
        help_text="Without it, the person can open nothing from the next page on.",
    )


@admin.register(Membership)
class MembershipAdmin(ImportAdminMixin, VendorModelAdmin):
    """Who belongs to the vendor. Staff get roles here; a partner's people are managed on its page."""

    import_kind = "people"
    title = "People and roles"
    form = MembershipForm
    records_itself = True
    fields = ("person", "email", "role", "is_active", "joined_at", "left_at")
    readonly_fields = ("person", "email", "joined_at", "left_at")
    list_display = ("person", "email", "role", "is_active", "joined_on")
    list_filter = ("role", "is_active")
    list_select_related = ("user",)
    search_fields = ("user__last_name", "user__first_name", "user__email")
    search_help_text = "Name or e-mail address"
    ordering = ("user__last_name", "user__first_name", "pk")

    @admin.display(ordering="user__last_name")
    def person(self, membership: Membership) -> str:
        return str(membership.user)

    @admin.display(description="E-mail address", ordering="user__email")
    def email(self, membership: Membership) -> str:
        return str(membership.user.email)

    @admin.display(ordering="joined_at")
    def joined_on(self, membership: Membership) -> str:
        return format_date(membership.joined_at, "year")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (
            obj is None or may_change_role(portal_request(request).actor, obj, Role.EXECUTIVE)
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        person = Membership.objects.get(pk=obj.pk)  # as it is: the form has changed its copy already
        role, active = Role(form.cleaned_data["role"]), form.cleaned_data["is_active"]
        services.membership_change_role(actor=portal_request(request).actor, membership=person, role=role)
        person.role = role
        services.membership_set_active(actor=portal_request(request).actor, membership=person, active=active)


class InvitationForm(VendorModelForm):
    role = forms.ChoiceField(choices=STAFF_CHOICES)

    class Meta:
        model = Invitation
        fields = ("email", "role")


@admin.register(Invitation)
class InvitationAdmin(VendorModelAdmin):
    """Invitations into the vendor's staff; those into a partner stand on the partner's page."""

    title = "Invitations of staff"
    form = InvitationForm
    records_itself = True
    fields = ("email", "role")
    list_display = ("email", "role", "invited_by", "created_at", "expires_at", "state")
    list_select_related = ("invited_by",)
    actions = ("withdraw",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        return super().get_queryset(request).filter(role__in=STAFF_ROLES)

    @admin.display
    def state(self, invitation: Invitation) -> str:
        if invitation.accepted_at:
            return "Accepted"
        if invitation.revoked_at:
            return "Withdrawn"
        return "Open" if invitation.is_open else "Expired"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        answers = form.cleaned_data
        made = services.staff_invite(
            actor=portal_request(request).actor, email=answers["email"], role=Role(answers["role"])
        )
        obj.pk = made.pk

    @admin.action(description="Withdraw the chosen invitations")
    def withdraw(self, request: HttpRequest, chosen: QuerySet[Invitation]) -> None:
        for invitation in chosen.filter(accepted_at=None, revoked_at=None):
            services.invitation_revoke(actor=portal_request(request).actor, invitation=invitation)
        self.message_user(request, "Withdrawn: the links of these invitations no longer work.")


class ExchangeRateForm(VendorModelForm):
    def clean_currency(self) -> str:
        vendor = Vendor.objects.get(pk=self.instance.vendor_id)
        currency: str = self.cleaned_data["currency"]
        if currency == vendor.currency:
            raise ValidationError(f"{vendor.currency} is the vendor's own currency and needs no rate.")
        return currency


@admin.register(ExchangeRate)
class ExchangeRateAdmin(VendorModelAdmin):
    form = ExchangeRateForm
    list_display = ("currency", "day", "rate")
    list_filter = ("currency",)
    date_hierarchy = "day"


class WorkingHoursForm(VendorModelForm):
    def clean(self) -> dict[str, Any]:
        answers = super().clean() or {}
        if {"weekday", "opens", "closes"} <= answers.keys():
            others = WorkingHours.objects.filter(weekday=answers["weekday"]).exclude(pk=self.instance.pk)
            openings = [*others.values_list("opens", "closes"), (answers["opens"], answers["closes"])]
            if overlapping(openings):
                self.add_error("opens", "These hours overlap with others of the same day.")
        return answers


@admin.register(WorkingHours)
class WorkingHoursAdmin(VendorModelAdmin):
    """Deadlines run within these hours. Without any, Monday to Friday from 9 to 17 count."""

    title = "Working hours"
    form = WorkingHoursForm
    list_display = ("weekday", "opens", "closes")


@admin.register(Holiday)
class HolidayAdmin(VendorModelAdmin):
    list_display = ("day", "name", "closes")
    date_hierarchy = "day"
