from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_delete, post_migrate, post_save

from portal.features import FeatureConfig


class PortalConfig(FeatureConfig):
    name = "portal"
    verbose_name = "Vendor and people"
    features = (
        "tenancy",
        "people",
        "events",
        "history",
        "notifications",
        "money",
        "calendar",
        "requests",
        "files",
        "imports",
        "ui",
        "backoffice",
    )
    new_vendor = ("portal.calendar.defaults.standard_hours",)

    def ready(self) -> None:
        super().ready()
        from portal import sealed_ids  # noqa: F401  (its ids in addresses)
        from portal.notifications import email  # noqa: F401  (registers its effect)
        from portal.people.accounts import resume_past_the_prefix
        from portal.requests import digest  # noqa: F401  (tells digests what waits)
        from portal.tenancy import (
            checks,  # noqa: F401  (the first two register)
            lookups,  # noqa: F401  (the first two register)
            open_tables,
            privileges,
            vendors,
        )

        resume_past_the_prefix()
        # Once, though every app sends the signal: all tables are there at the first.
        post_migrate.connect(privileges.grant_to_app_role, sender=self, dispatch_uid="portal.privileges")
        post_migrate.connect(open_tables.narrow, sender=self, dispatch_uid="portal.tenancy.open_tables")
        for name in ("Vendor", "VendorHost", "WorkingHours", "Holiday"):
            model = self.get_model(name)
            post_save.connect(vendors.forget, sender=model, dispatch_uid=f"portal.forget.{model.__name__}")
            post_delete.connect(
                vendors.forget, sender=model, dispatch_uid=f"portal.forget.{model.__name__}.gone"
            )


class VendorAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "portal.backoffice.site.VendorAdminSite"
