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
    path("shared/", views.shared, name="shared"),
    path("shared/<int:pk>/accept/", views.share_accept, name="share_accept"),
    path("shared/<int:pk>/decline/", views.share_decline, name="share_decline"),
    path("credit/<int:pk>/confirm/", views.credit_confirm, name="credit_confirm"),
    path("credit/<int:pk>/decline/", views.credit_decline, name="credit_decline"),
    path("credit/<int:pk>/end/", views.credit_end, name="credit_end"),
    path("credit/<int:pk>/withdraw/", views.credit_withdraw, name="credit_withdraw"),
    path("prices/<int:pk>/grant/", views.price_grant, name="price_grant"),
    path("prices/<int:pk>/refuse/", views.price_refuse, name="price_refuse"),
    path("prices/<int:pk>/withdraw/", views.price_withdraw, name="price_withdraw"),
    path("of/<slug:slug>/", views.for_partner, name="for_partner"),
    # References are slugs: nothing else, NUL included, ever reaches the database.
    path("<slug:reference>/", views.detail, name="detail"),
    path("<slug:reference>/edit/", views.edit, name="edit"),
    path("<slug:reference>/claims/", views.claims, name="claims"),
    path("<slug:reference>/terms/", views.terms, name="terms"),
    path("<slug:reference>/credit/", views.credit, name="credit"),
    path("<slug:reference>/price/", views.price, name="price"),
    path("<slug:reference>/review/", views.start_review, name="review"),
    path("<slug:reference>/approve/", views.approve, name="approve"),
    path("<slug:reference>/return/", views.send_back, name="return"),
    path("<slug:reference>/reject/", views.reject, name="reject"),
    path("<slug:reference>/withdraw/", views.withdraw, name="withdraw"),
    path("<slug:reference>/stage/", views.stage, name="stage"),
    path("<slug:reference>/won/", views.won, name="won"),
    path("<slug:reference>/lost/", views.lost, name="lost"),
]
