"""Django admin of the partners app: the programme, partners with their managers, seats, and the record."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.apps import apps
from django.contrib import admin
from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone

from partners import selectors, services
from partners.models import Partner, PartnerType, Product, Region, Seat, Tier, TierBenefit, TierRequirement
from portal.backoffice.site import CappedPaginator, ReadOnlyAdmin, VendorInline, VendorModelAdmin, told
from portal.events.log import event_type, event_types
from portal.events.models import PortalEvent
from portal.imports.admin import ImportAdminMixin
from portal.metrics.declarations import all_metrics
from portal.people.models import Membership
from portal.tenancy.http import portal_request
from portal.text import folded_name
from portal.ui.formatting import format_money
from portal.ui.forms import AmountField, AmountsForm, VendorModelForm

# The programme --------------------------------------------------------------------------------------


class RequirementForm(VendorModelForm):
    metric = forms.ChoiceField(choices=lambda: [(metric.key, metric.label) for metric in all_metrics()])


class BenefitInline(VendorInline):
    model = TierBenefit
    fields = ("position", "text")
    verbose_name_plural = "Benefits, as partners read them"


class RequirementInline(VendorInline):
    model = TierRequirement
    form = RequirementForm
    fields = ("metric", "minimum")
    verbose_name_plural = "Requirements"


@admin.register(Tier)
class TierAdmin(VendorModelAdmin):
    inlines = (BenefitInline, RequirementInline)
    list_display = ("name", "rank", "protection_days", "deal_discount", "mdf_accrual", "held_by", "is_active")
    fieldsets = (
        (None, {"fields": ("name", "rank", "description", "is_active")}),
        ("What it gives", {"fields": ("protection_days", "deal_discount", "mdf_accrual", "lead_priority")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tier]:
        return super().get_queryset(request).annotate(held=Count("partners"))

    @admin.display(description="Partners", ordering="held")
    def held_by(self, tier: Any) -> int:
        return tier.held


class ManagersField(forms.ModelMultipleChoiceField):
    """Channel managers of the vendor. Who is not one, or belongs to another vendor, cannot be chosen."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            Membership.objects.none(),
            required=False,
            label="Channel managers",
            widget=forms.CheckboxSelectMultiple,
            **kwargs,
        )

    def label_from_instance(self, membership: Any) -> str:
        return f"{membership.user}, {membership.user.email}"


class RegionForm(VendorModelForm):
    managers = ManagersField(help_text="They manage every partner of the region, those to come included.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["managers"].queryset = selectors.manager_choices()  # type: ignore[attr-defined]
        if self.instance.pk:
            self.initial["managers"] = list(selectors.managers_of_region(self.instance))


@admin.register(Region)
class RegionAdmin(VendorModelAdmin):
    form = RegionForm
    fields = ("name", "code", "managers", "is_active")
    list_display = ("name", "code", "managed_by", "partner_count", "is_active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Region]:
        rows = super().get_queryset(request).annotate(counted=Count("partners"))
        people = Prefetch("group__user_set", queryset=selectors.managers_known(), to_attr="managers")
        return rows.select_related("group").prefetch_related(people)

    @admin.display(description="Channel managers")
    def managed_by(self, region: Any) -> str:
        return ", ".join(str(person) for person in region.group.managers) or "nobody"

    @admin.display(description="Partners", ordering="counted")
    def partner_count(self, region: Any) -> int:
        return region.counted

    def save_model(self, request: HttpRequest, obj: Region, form: Any, change: bool) -> None:
        if change:
            return super().save_model(request, obj, form, change)
        made = services.region_create(actor=portal_request(request).actor, name=obj.name, code=obj.code)
        if not obj.is_active:
            Region.objects.filter(pk=made.pk).update(is_active=False)
        obj.pk, obj.group = made.pk, made.group
        return None

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        region, wanted = form.instance, set(form.cleaned_data["managers"])
        before = set(selectors.managers_of_region(region))
        for membership in wanted - before:
            services.region_manager_add(
                actor=portal_request(request).actor, region=region, membership=membership
            )
        for membership in before - wanted:
            services.region_manager_remove(
                actor=portal_request(request).actor, region=region, membership=membership
            )

    def delete_model(self, request: HttpRequest, obj: Region) -> None:
        group = obj.group
        super().delete_model(request, obj)
        group.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Region]) -> None:
        for region in queryset:
            self.delete_model(request, region)


class ProductForm(AmountsForm):
    amounts: ClassVar[dict[str, str]] = {"price": "list_price"}

    price = AmountField(
        label="List price", required=False, zero=True, help_text="In your currency. Empty: not stated."
    )


@admin.register(Product)
class ProductAdmin(ImportAdminMixin, VendorModelAdmin):
    import_kind = "products"
    form = ProductForm
    fields = ("name", "code", "family", "price", "is_active")
    list_display = ("name", "code", "family", "price", "is_active")
    list_filter = ("is_active", "family")
    list_select_related = ("vendor",)
    search_fields = ("name", "code")

    @admin.display(description="List price", ordering="list_price")
    def price(self, product: Product) -> str:
        if product.list_price is None:
            return "–"
        return format_money(product.list_price, product.vendor.currency)


# Partners and their people --------------------------------------------------------------------------


class PartnerAdminForm(VendorModelForm):
    reason = forms.CharField(
        label="Reason for another tier or status",
        required=False,
        max_length=500,
        help_text="The partner reads it on its timeline.",
    )
    managers = ManagersField(help_text="Besides the managers of its region.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["managers"].queryset = selectors.manager_choices()  # type: ignore[attr-defined]
        distributors = Partner.objects.filter(type=PartnerType.DISTRIBUTOR).order_by("name_key")
        self.fields["parent"].queryset = distributors  # type: ignore[attr-defined]
        if self.instance.pk:
            self.initial["managers"] = list(selectors.managers_granted(self.instance))


@admin.register(Partner)
class PartnerAdmin(ImportAdminMixin, VendorModelAdmin):
    """Partners are not deleted: their history stays. Give them the status "ended"."""

    import_kind = "partners"
    form = PartnerAdminForm
    records_itself = True
    list_display = ("name", "type", "tier", "region", "status", "country", "joined_on")
    list_filter = ("status", "type", "tier", "region")
    list_select_related = ("tier", "region")
    search_fields = ("name_key",)
    search_help_text = "The first letters of the name"
    ordering = ("name_key",)
    fieldsets = (
        (None, {"fields": ("name", "slug", "type", "joined_on")}),
        ("Place in the programme", {"fields": ("tier", "status", "reason")}),
        ("Who looks after it", {"fields": ("region", "managers", "parent")}),
        ("Address", {"fields": ("country", "city", "website", "external_key")}),
    )
    prepopulated_fields = {"slug": ("name",)}

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        # The key of a partner that exists stands in addresses and files already.
        return {} if obj else self.prepopulated_fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(name_key__prefix=folded_name(search_term)), False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Partner, form: Any, change: bool) -> None:
        answers = {
            name: form.cleaned_data[name] for name in form.cleaned_data if name not in form.declared_fields
        }
        if not change:
            obj.pk = services.partner_create(actor=portal_request(request).actor, **answers).pk
            return
        partner = Partner.objects.get(pk=obj.pk)  # as it is: the form has changed its copy already
        tier, status, reason = answers.pop("tier"), answers.pop("status"), form.cleaned_data["reason"]
        services.partner_change(actor=portal_request(request).actor, partner=partner, changes=answers)
        services.tier_change(actor=portal_request(request).actor, partner=partner, tier=tier, reason=reason)
        services.status_change(
            actor=portal_request(request).actor, partner=partner, status=status, reason=reason
        )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        partner, wanted = form.instance, set(form.cleaned_data["managers"])
        before = set(selectors.managers_granted(partner))
        for membership in wanted - before:
            services.channel_manager_grant(
                actor=portal_request(request).actor, partner=partner, membership=membership
            )
        for membership in before - wanted:
            services.channel_manager_revoke(
                actor=portal_request(request).actor, partner=partner, membership=membership
            )


@admin.register(Seat)
class SeatAdmin(VendorModelAdmin):
    """Who sits in which partner. People are invited on the partner's page; here they can be moved."""

    title = "Seats of partner people"
    records_itself = True
    fields = ("user", "partner", "job_title", "since")
    readonly_fields = ("user", "since")
    raw_id_fields = ("partner",)
    list_display = ("user", "partner", "role", "has_access", "since")
    list_filter = ("membership__role", "membership__is_active")
    list_select_related = ("user", "partner", "membership")
    search_fields = ("user__last_name", "user__first_name", "user__email")
    search_help_text = "Name or e-mail address"

    @admin.display
    def role(self, seat: Seat) -> str:
        return seat.membership.get_role_display()

    @admin.display(boolean=True)
    def has_access(self, seat: Seat) -> bool:
        return seat.membership.is_active

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Seat, form: Any, change: bool) -> None:
        Seat.objects.filter(pk=obj.pk).update(job_title=form.cleaned_data["job_title"])
        services.seat_move(
            actor=portal_request(request).actor, seat=obj, partner=form.cleaned_data["partner"]
        )


# The golden record ----------------------------------------------------------------------------------


class PeriodFilter(admin.SimpleListFilter):
    """The last week unless asked for more: nobody reads ten million events."""

    title = "period"
    parameter_name = "period"
    DAYS = {"1": "Last day", "7": "Last week", "30": "Last 30 days", "365": "Last 12 months"}

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return self.DAYS.items()

    def choices(self, changelist: Any) -> Any:
        for days, label in self.DAYS.items():
            query = changelist.get_query_string({self.parameter_name: days})
            yield {"selected": (self.value() or "7") == days, "query_string": query, "display": label}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        days = self.value() if self.value() in self.DAYS else "7"
        return queryset.filter(occurred_at__gte=timezone.now() - timedelta(days=int(str(days))))


class RoomFilter(admin.SimpleListFilter):
    """Events by the app that declares them."""

    title = "part of the portal"
    parameter_name = "room"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        rooms = {kind.key.partition(".")[0] for kind in event_types()}
        return sorted((room, str(apps.get_app_config(room).verbose_name)) for room in rooms)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        known = [kind.key for kind in event_types() if kind.key.startswith(f"{self.value()}.")]
        return queryset.filter(type__in=known) if self.value() else queryset


@admin.register(PortalEvent)
class EventAdmin(ReadOnlyAdmin):
    """Every event of the vendor. It stands here because this app knows the partners' names."""

    title = "Events"
    fields = ("occurred_at", "recorded_at", "what", "actor", "partner_name", "details")
    readonly_fields = fields
    list_display = ("occurred_at", "what", "actor", "partner_name", "details")
    list_filter = (PeriodFilter, RoomFilter)
    list_select_related = ("actor",)
    paginator = CappedPaginator
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        name = Partner.objects.filter(pk=OuterRef("partner_id")).values("name")[:1]
        return super().get_queryset(request).annotate(of_partner=Subquery(name))

    @admin.display
    def what(self, event: PortalEvent) -> str:
        return event_type(event.type).label

    @admin.display(description="Partner")
    def partner_name(self, event: Any) -> str:
        return event.of_partner or "–"

    @admin.display
    def details(self, event: PortalEvent) -> str:
        return told(event)
