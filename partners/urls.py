from django.urls import path

from partners import views

app_name = "partners"
urlpatterns = [
    path("", views.partner_list, name="list"),
    # A dot cannot stand in a partner's key, so this is never one.
    path("partners.csv", views.export, name="export"),
    path("people/", views.own_people, name="people"),
    path("<slug:slug>/", views.detail, name="detail"),
    path("<slug:slug>/edit/", views.edit, name="edit"),
    path("<slug:slug>/timeline/", views.timeline, name="timeline"),
    path("<slug:slug>/deals/", views.deals, name="deals"),
    path("<slug:slug>/leads/", views.leads, name="leads"),
    path("<slug:slug>/sub-partners/", views.sub_partners, name="sub_partners"),
    path("<slug:slug>/people/", views.people, name="people_of"),
    path("<slug:slug>/people/invite/", views.invite, name="invite"),
    path("<slug:slug>/people/own-deals-only/", views.own_deals_only, name="own_deals_only"),
    path("<slug:slug>/people/<id:pk>/role/", views.change_role, name="change_role"),
    path("<slug:slug>/people/<id:pk>/disable/", views.disable, name="disable"),
    path("<slug:slug>/people/<id:pk>/enable/", views.enable, name="enable"),
    path("<slug:slug>/people/invitations/<id:pk>/revoke/", views.revoke_invitation, name="revoke_invitation"),
]
