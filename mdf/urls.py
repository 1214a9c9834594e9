from django.urls import path, register_converter

from mdf.ledger import views


class FileKind:
    regex = "csv|xlsx"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(FileKind, "ledger_file")

app_name = "mdf"
urlpatterns = [
    path("", views.home, name="home"),
    path("funds/<int:pk>/", views.fund, name="fund"),
    path("funds/<int:pk>/<ledger_file:kind>/", views.export, name="export"),
    path("funds/<int:pk>/budget/", views.budget, name="budget"),
    path("funds/<int:pk>/allocate/", views.allocate, name="allocate"),
    path("funds/<int:pk>/close/", views.close, name="close"),
]
