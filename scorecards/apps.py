from portal.features import FeatureConfig


class ScorecardsConfig(FeatureConfig):
    name = "scorecards"
    features = ("training_effect",)
    new_vendor = ("scorecards.services.programme_defaults",)

    def ready(self) -> None:
        super().ready()
        from portal.events.log import listen, listen_to_batches
        from scorecards.services import mark_many_stale, mark_stale

        listen(mark_stale)
        listen_to_batches(mark_many_stale)
