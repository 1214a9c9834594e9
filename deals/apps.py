from portal.features import FeatureConfig


class DealsConfig(FeatureConfig):
    name = "deals"
    features = ("leads",)
    imports = {
        "customers": ("deals.resources.CustomerResource", 30),
        "direct_accounts": ("deals.resources.DirectAccountResource", 45),
        "deals": ("deals.resources.DealResource", 50),
        "leads": ("deals.resources.LeadResource", 55),
    }
    new_vendor = ("deals.services.programme_defaults", "deals.leads.services.rules_begin")

    def ready(self) -> None:
        super().ready()
        from deals.selectors import keeps_amounts
        from portal.vendor_settings import keeps_money

        keeps_money(keeps_amounts)
