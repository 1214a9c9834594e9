from django.apps import AppConfig


class DealsConfig(AppConfig):
    name = "deals"

    def ready(self) -> None:
        from deals import events, metrics, navigation  # noqa: F401  (each registers what it declares)
