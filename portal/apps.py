from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_delete, post_migrate, post_save


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Vendor and people"
    default = True

    def ready(self) -> None:
        from portal import open_tables  # noqa: F401  (some register themselves)
        from portal.calendar.defaults import standard_hours
        from portal.notifications import email  # noqa: F401  (some register themselves)
        from portal.people.accounts import resume_past_the_prefix
        from portal.tenancy import (
            checks,  # noqa: F401  (some register themselves)
            lookups,  # noqa: F401  (some register themselves)
            privileges,  # noqa: F401  (some register themselves)
            vendors,  # noqa: F401  (some register themselves)
        )
        from portal.tenancy.new_vendor import on_new_vendor

        resume_past_the_prefix()
        on_new_vendor(standard_hours)
        # Once, though every app sends the signal: all tables are there at the first.
        post_migrate.connect(
            privileges.grant_to_app_role, sender=self, dispatch_uid="portal.tenancy.privileges"
        )
        post_migrate.connect(open_tables.narrow, sender=self, dispatch_uid="portal.open_tables")
        for name in ("Vendor", "VendorHost", "WorkingHours", "Holiday"):
            model = self.get_model(name)
            post_save.connect(vendors.forget, sender=model, dispatch_uid=f"portal.forget.{model.__name__}")
            post_delete.connect(
                vendors.forget, sender=model, dispatch_uid=f"portal.forget.{model.__name__}.gone"
            )


class VendorAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "portal.backoffice.site.VendorAdminSite"
