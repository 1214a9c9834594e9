"""Django admin of certifications: what they ask for is kept here, what people hold is looked at."""

from django.contrib import admin

from enablement.certifications.models import AccreditationRule, Award, Certification, CertificationCourse
from portal.backoffice.site import CappedPaginator, ReadOnlyAdmin, VendorInline, VendorModelAdmin


class CoursesInline(VendorInline):
    model = CertificationCourse
    fields = ("position", "course")


@admin.register(Certification)
class CertificationAdmin(VendorModelAdmin):
    title = "Certifications"
    inlines = (CoursesInline,)
    fields = (
        "name", "summary", ("validity_months", "renewal_days"), "pass_mark",
        ("role", "partner_type", "least_tier"), "retired_at",
    )  # fmt: skip
    list_display = ("name", "validity_months", "renewal_days", "pass_mark", "retired_at")


@admin.register(AccreditationRule)
class AccreditationRuleAdmin(VendorModelAdmin):
    """How many certified people each tier asks of a partner."""

    title = "Accreditations"
    fields = ("tier", "certification", "people")
    list_display = ("tier", "certification", "people")
    list_select_related = ("tier", "certification")


@admin.register(Award)
class AwardAdmin(ReadOnlyAdmin):
    """Given by finishing courses; revoked on the certificate's own page, with a reason."""

    title = "Certificates"
    paginator = CappedPaginator
    sortable_by = ()
    list_display = ("reference", "user", "partner", "certification", "awarded_at", "expires_on", "revoked_at")
    list_filter = ("certification",)
    list_select_related = ("user", "partner", "certification")
    fields = (
        "reference", "user", "partner", "certification", "renews", "score", "awarded_at", "expires_on",
        "reminded_days", "shared_at", "revoked_at", "revoked_by", "revoked_reason",
    )  # fmt: skip
    readonly_fields = fields
