from django.urls import path

from deals.leads import entry_views, list_views, views

app_name = "leads"
urlpatterns = [
    path("", list_views.lead_list, name="list"),
    path("export/", list_views.export, name="export"),
    path("enter/", entry_views.enter, name="create"),
    path("offer/", list_views.bulk, name="bulk"),
    path("waiting/", list_views.waiting, name="waiting"),
    path("of/<slug:slug>/", list_views.for_partner, name="for_partner"),
    # References are slugs: nothing else, NUL included, ever reaches the database.
    path("<slug:reference>/", views.detail, name="detail"),
    path("<slug:reference>/edit/", entry_views.edit, name="edit"),
    path("<slug:reference>/offer/", views.offer, name="offer"),
    path("<slug:reference>/route/", views.route, name="route"),
    path("<slug:reference>/take-back/", views.take_back, name="take_back"),
    path("<slug:reference>/end/", views.end, name="end"),
    path("<slug:reference>/accept/", views.accept, name="accept"),
    path("<slug:reference>/decline/", views.decline, name="decline"),
    path("<slug:reference>/contact/", views.contact, name="contact"),
    path("<slug:reference>/disqualify/", views.disqualify, name="disqualify"),
    path("<slug:reference>/register/", views.convert, name="convert"),
]
