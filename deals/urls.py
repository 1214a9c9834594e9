from django.urls import path

from deals import views

app_name = "deals"
urlpatterns = [
    path("", views.deal_list, name="list"),
    path("export/", views.export, name="export"),
    path("register/", views.register, name="create"),
    path("register/check/", views.check, name="check"),
    path("register/duplicates/", views.duplicates, name="duplicates"),
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/requests/", views.requests, name="requests"),
    path("prices/<int:pk>/grant/", views.price_grant, name="price_grant"),
    path("prices/<int:pk>/refuse/", views.price_refuse, name="price_refuse"),
    path("prices/<int:pk>/withdraw/", views.price_withdraw, name="price_withdraw"),
    path("changes/<int:pk>/approve/", views.amendment_approve, name="amendment_approve"),
    path("changes/<int:pk>/reject/", views.amendment_reject, name="amendment_reject"),
    path("changes/<int:pk>/withdraw/", views.amendment_withdraw, name="amendment_withdraw"),
    path("of/<slug:slug>/", views.for_partner, name="for_partner"),
    # References are slugs: nothing else, NUL included, ever reaches the database.
    path("<slug:reference>/", views.detail, name="detail"),
    path("<slug:reference>/edit/", views.edit, name="edit"),
    path("<slug:reference>/claims/", views.claims, name="claims"),
    path("<slug:reference>/terms/", views.terms, name="terms"),
    path("<slug:reference>/change/", views.amend, name="amend"),
    path("<slug:reference>/price/", views.price, name="price"),
    path("<slug:reference>/review/", views.start_review, name="review"),
    path("<slug:reference>/approve/", views.approve, name="approve"),
    path("<slug:reference>/return/", views.send_back, name="return"),
    path("<slug:reference>/reject/", views.reject, name="reject"),
    path("<slug:reference>/files/", views.attach, name="attach"),
    path("<slug:reference>/files/<int:pk>/", views.file, name="file"),
    path("<slug:reference>/files/<int:pk>/remove/", views.file_remove, name="file_remove"),
    path("<slug:reference>/note/", views.note, name="note"),
    path("<slug:reference>/internal-note/", views.remark, name="remark"),
    path("<slug:reference>/withdraw/", views.withdraw, name="withdraw"),
    path("<slug:reference>/stage/", views.stage, name="stage"),
    path("<slug:reference>/won/", views.won, name="won"),
    path("<slug:reference>/lost/", views.lost, name="lost"),
]
