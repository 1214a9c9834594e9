from importlib import import_module

from django.utils.module_loading import module_has_submodule

from portal.features import FeatureConfig


class EnablementConfig(FeatureConfig):
    name = "enablement"
    imports = {
        "courses": ("enablement.courses.resources.CourseResource", 60),
        "enrolments": ("enablement.courses.resources.EnrolmentResource", 62),
        "attempts": ("enablement.quizzes.resources.AttemptResource", 64),
        "awards": ("enablement.certifications.resources.AwardResource", 66),
    }
    features = (
        "courses",
        "quizzes",
        "paths",
        "assignments",
        "records",
        "packages",
        "cmi5",
        "certifications",
        "badges",
        "library",
        "readiness",
    )
    new_vendor = ("enablement.records.results.meanings_begin",)

    def ready(self) -> None:
        super().ready()
        from enablement.assignments import services as assignments
        from enablement.certifications import services as certifications
        from enablement.cmi5.store import Cmi5Rules
        from enablement.records import launches
        from portal.events.log import listen, listen_to_batches

        for follower in (assignments, certifications):
            listen(follower.follow_learning)
            listen_to_batches(follower.follow_many)
        launches.register(Cmi5Rules())
        # What modules can hold: each feature registers its content kinds in a module of this name.
        for feature in self.features:
            package = import_module(f"{self.name}.{feature}")
            if module_has_submodule(package, "kinds"):
                import_module(f"{package.__name__}.kinds")
