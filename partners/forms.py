"""Forms of the partner pages."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from partners.models import STOPPED, Partner, Tier
from portal.fields import AddressFormField, LineField
from portal.metrics.declarations import Quadrant
from portal.sealed_ids import opened
from portal.tenancy.roles import PARTNER_ROLES, Role
from portal.tenancy.tables import in_use
from portal.ui.versions import VersionedForm

PARTNER_ROLE_CHOICES = [(role.value, role.label) for role in Role if role in PARTNER_ROLES]


class InviteForm(forms.Form):
    email = AddressFormField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text="They get a link that is valid for 14 days.",
    )
    role = forms.ChoiceField(label="Role", choices=PARTNER_ROLE_CHOICES)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label="Role", choices=PARTNER_ROLE_CHOICES)


class PartnerForm(VersionedForm, forms.ModelForm):
    """What a channel manager changes of a partner; a reason is asked where the partner should read one."""

    website = forms.URLField(required=False, max_length=200, assume_scheme="https")
    reason = LineField(
        label="Reason for another tier or status",
        required=False,
        max_length=500,
        help_text="The partner reads it on its timeline.",
    )

    class Meta:
        model = Partner
        fields = ["name", "type", "city", "country", "website", "tier", "status"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tiers = in_use(Tier.objects.order_by("rank"), self.initial.get("tier"))
        self.fields["tier"].queryset = tiers  # type: ignore[attr-defined]
        self.fields["tier"].empty_label = "No tier"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        stops = cleaned.get("status") in STOPPED
        if stops and "status" in self.changed_data and not cleaned.get("reason", "").strip():
            self.add_error("reason", "Say why: the partner reads it on its timeline.")
        return cleaned


class TimelineForm(forms.Form):
    """Which events, from when, and where the page starts (`before`: the last event shown, as time and id)."""

    PERIODS = [("90", "Last 90 days"), ("365", "Last 12 months"), ("all", "Everything")]
    KINDS = [
        (Quadrant.SALES.value, "Deals"),
        (Quadrant.ENABLEMENT.value, "Learning"),
        (Quadrant.MARKETING.value, "MDF"),
        (Quadrant.ENGAGEMENT.value, "Leads and logins"),
        ("programme", "Programme"),
    ]

    kind = forms.MultipleChoiceField(choices=KINDS, required=False, label="Kind")
    period = forms.ChoiceField(choices=PERIODS, required=False, label="Period")
    before = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)

    def clean_before(self) -> tuple[datetime, int] | None:
        text = self.cleaned_data["before"]
        if not text:
            return None
        moment, _, event_id = text.partition("~")
        try:
            return datetime.fromisoformat(moment).astimezone(timezone.get_current_timezone()), opened(
                event_id
            )
        except (ValueError, OverflowError) as error:
            raise ValidationError(
                "This page of the timeline does not exist. Start from the newest."
            ) from error

    @property
    def kinds(self) -> list[str]:
        """The kinds asked for; all of them and none are the same: everything."""
        chosen = self.cleaned_data.get("kind") or []
        return chosen or [key for key, _ in self.KINDS]

    @property
    def since(self) -> datetime | None:
        period = self.cleaned_data.get("period") or "90"
        return None if period == "all" else timezone.now() - timedelta(days=int(period))
