from django.urls import path

from deals.disputes import views

urlpatterns = [
    path("cases/", views.case_list, name="cases"),
    path("cases/<id:pk>/", views.case, name="case"),
    path("cases/<id:pk>/files/<id:file>/", views.case_paper, name="case_paper"),
    path("cases/<id:pk>/decide/", views.case_decide, name="case_decide"),
    path("cases/<id:pk>/close/", views.case_close, name="case_close"),
]

#: Below a deal's own address.
deal_urlpatterns = [
    path("claims/open/", views.case_open, name="case_open"),
    path("conflict/<id:pk>/appeal/", views.case_appeal, name="case_appeal"),
    path("conflict/<id:pk>/attach/", views.case_attach, name="case_attach"),
    path("conflict/files/<id:pk>/", views.case_file, name="case_file"),
]
