from django.urls import path

from enablement.home import views

urlpatterns = [
    path("", views.home, name="home"),
    path("courses/", views.catalogue, name="catalogue"),
    path("next/", views.next_step, name="next_step"),
    path("record/", views.record, name="record"),
    path("paths/", views.paths, name="paths"),
    path("paths/<slug:slug>/", views.path, name="path"),
]
