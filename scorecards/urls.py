from django.urls import path

from scorecards import views
from scorecards.training_effect import views as training_effect

app_name = "scorecards"
urlpatterns = [
    path("portfolio/", views.portfolio, name="portfolio"),
    path("portfolio/map/", views.portfolio_map, name="portfolio_map"),
    path("portfolio/export/", views.portfolio_export, name="portfolio_export"),
    path("training-effect/", training_effect.page, name="training_effect"),
    path("training-effect/export/", training_effect.export, name="training_effect_export"),
    path("scorecard/", views.own, name="own"),
    path("partners/<slug:slug>/scorecard/", views.detail, name="detail"),
    path("partners/<slug:slug>/scorecard/card/", views.card, name="card"),
    path("partners/<slug:slug>/scorecard/recompute/", views.recompute, name="recompute"),
    path("partners/<slug:slug>/scorecard/<slug:key>/", views.metric_rows, name="metric_rows"),
    path(
        "partners/<slug:slug>/scorecard/<slug:key>/export/",
        views.metric_rows_export,
        name="metric_rows_export",
    ),
]
