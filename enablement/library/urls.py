"""Addresses of the library, below /library/."""

from django.urls import path

from enablement.library import edit_views, views

app_name = "library"
urlpatterns = [
    path("", views.home, name="home"),
    path("recommended/", views.recommended, name="recommended"),
    path("usage/", views.usage_page, name="usage"),
    path("<id:pk>/", views.asset, name="asset"),
    path("<id:pk>/file/", views.download, name="download"),
    path("<id:pk>/picture/", views.picture, name="picture"),
    path("collections/<id:pk>/", views.collection, name="collection"),
    path("edit/", edit_views.asset_list, name="edit"),
    path("edit/new/", edit_views.asset_new, name="edit_new"),
    path("edit/<id:pk>/", edit_views.asset_edit, name="edit_asset"),
    path("edit/<id:pk>/retire/", edit_views.asset_retire, name="edit_retire"),
    path("edit/collections/", edit_views.collection_list, name="edit_collections"),
    path("edit/collections/new/", edit_views.collection_new, name="edit_collection_new"),
    path("edit/collections/<id:pk>/", edit_views.collection_edit, name="edit_collection"),
    path("edit/collections/<id:pk>/remove/", edit_views.collection_remove, name="edit_collection_remove"),
]
