from django.apps import AppConfig


class DealsConfig(AppConfig):
    name = "deals"

    def ready(self) -> None:
        from deals import events, metrics, navigation  # noqa: F401  (each registers what it declares)
        from deals.selectors import keeps_amounts
        from portal.vendor_settings import keeps_money

        keeps_money(keeps_amounts)
