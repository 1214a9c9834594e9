from portal.features import FeatureConfig


class MdfConfig(FeatureConfig):
    name = "mdf"
    features = (
        "funds",
        "ledger",
    )

    def ready(self) -> None:
        super().ready()
        from mdf.funds.selectors import keeps_amounts
        from portal.tenancy.vendor_settings import keeps_money

        keeps_money(keeps_amounts)
