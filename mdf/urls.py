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
    path("funds/<id:pk>/", views.fund, name="fund"),
    path("funds/<id:pk>/<ledger_file:kind>/", views.export, name="export"),
    path("funds/<id:pk>/budget/", views.budget, name="budget"),
    path("funds/<id:pk>/allocate/", views.allocate, name="allocate"),
    path("funds/<id:pk>/close/", views.close, name="close"),
]
