from django.apps import AppConfig


class ScorecardsConfig(AppConfig):
    name = "scorecards"

    def ready(self) -> None:
        from portal.events import listen
        from scorecards import events, navigation  # noqa: F401  (each registers what it declares)
        from scorecards.services import mark_stale

        listen(mark_stale)
