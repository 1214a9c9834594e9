"""Addresses of enablement, below /learning/. Each feature brings its own."""

from django.urls import URLPattern, URLResolver

from enablement.assignments.urls import urlpatterns as assignments
from enablement.badges.urls import urlpatterns as badges
from enablement.certifications.urls import urlpatterns as certifications
from enablement.cmi5.urls import urlpatterns as cmi5
from enablement.editor.urls import urlpatterns as editor
from enablement.home.urls import urlpatterns as home
from enablement.packages.urls import urlpatterns as packages
from enablement.player.urls import urlpatterns as player
from enablement.quizzes.urls import urlpatterns as quizzes

app_name = "enablement"
urlpatterns: list[URLPattern | URLResolver] = [
    *home,
    *player,
    *quizzes,
    *assignments,
    *editor,
    *packages,
    *cmi5,
    *certifications,
    *badges,
]
