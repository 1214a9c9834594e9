from django.apps import AppConfig


class DealsConfig(AppConfig):
    name = "deals"

    def ready(self) -> None:
        from deals import events, metrics, navigation  # noqa: F401  (each registers what it declares)
        from deals.leads import events as _leads  # noqa: F401
        from deals.leads import metrics as _measured  # noqa: F401
        from deals.leads.services import rules_begin
        from deals.selectors import keeps_amounts
        from deals.services import programme_defaults
        from portal.imports import kinds
        from portal.newvendor import on_new_vendor
        from portal.vendor_settings import keeps_money

        keeps_money(keeps_amounts)
        on_new_vendor(programme_defaults)
        on_new_vendor(rules_begin)
        kinds.register(
            [
                kinds.Kind("customers", "deals.resources.CustomerResource", 30),
                kinds.Kind("products", "deals.resources.ProductResource", 40),
                kinds.Kind("direct_accounts", "deals.resources.DirectAccountResource", 45),
                kinds.Kind("deals", "deals.resources.DealResource", 50),
                kinds.Kind("leads", "deals.resources.LeadResource", 55),
            ]
        )
