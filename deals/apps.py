from portal.features import FeatureConfig


class DealsConfig(FeatureConfig):
    name = "deals"
    features = (
        "customers",
        "deal",
        "protection",
        "registration",
        "registration.bulk",
        "approvals",
        "conflicts",
        "special_prices",
        "amendments",
        "proofs",
        "shared_credit",
        "disputes",
        "notes",
        "outcome",
        "leads",
        "page",
    )
    imports = {
        "customers": ("deals.customers.resources.CustomerResource", 30),
        "direct_accounts": ("deals.conflicts.resources.DirectAccountResource", 45),
        "deals": ("deals.registration.resources.DealResource", 50),
        "leads": ("deals.leads.resources.LeadResource", 55),
    }
    new_vendor = (
        "deals.registration.defaults.programme_defaults",
        "deals.leads.defaults.rules_begin",
        "deals.customers.defaults.other_names_begin",
    )

    def ready(self) -> None:
        super().ready()
        from deals.deal.selectors import keeps_amounts
        from portal.tenancy.vendor_settings import keeps_money

        keeps_money(keeps_amounts)
