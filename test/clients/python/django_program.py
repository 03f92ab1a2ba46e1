"""A small Django application that signs people in with social-auth-core."""

import json
import sys

import django
from django.conf import settings
from program import *

settings.configure(
    SECRET_KEY="a secret of the application itself",
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:app?mode=memory&cache=shared"}},
    DEBUG=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "social_django",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    AUTHENTICATION_BACKENDS=["social_core.backends.open_id_connect.OpenIdConnectAuth"],
    LOGIN_REDIRECT_URL="/me",
    SOCIAL_AUTH_OIDC_OIDC_ENDPOINT=ISSUER,
    SOCIAL_AUTH_OIDC_KEY=CLIENT_ID,
    SOCIAL_AUTH_OIDC_SECRET=CLIENT_SECRET,
    SOCIAL_AUTH_OIDC_SCOPE=SCOPE.split(),
    SOCIAL_AUTH_OIDC_USE_PKCE=True,
)
django.setup()

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import include, path
from social_django.utils import load_strategy


def tokens(user):
    social = user.social_auth.get(provider="oidc")
    return {"access_token": social.access_token, "email": user.email}


def start(request):
    return HttpResponse('<form method="post" action="/login/oidc/"><button>Sign in</button></form>')


def me(request):
    return JsonResponse(tokens(request.user))


def refresh(request):
    request.user.social_auth.get(provider="oidc").refresh_token(load_strategy(request))
    return JsonResponse(tokens(request.user))


urlpatterns = [
    path("", include("social_django.urls", namespace="social")),
    path("start", start),
    path("me", me),
    path("refresh", refresh),
]

call_command("migrate", verbosity=0)
origin = REDIRECT_URI.removesuffix("/complete/oidc/")
serve(get_wsgi_application(), int(origin.rpartition(":")[2]))


def load(path):
    seen = visit(f"{origin}{path}")
    try:
        return json.loads(seen["body"])
    except ValueError:
        sys.exit(f"unexpected page {seen}")


signed_in = load("/start")
tell("sign in", signed_in["access_token"])
tell("userinfo", signed_in["email"])
tell("refresh", load("/refresh")["access_token"])
