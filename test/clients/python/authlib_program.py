"""Authlib: its client for Flask, its session on requests, and its resource server by introspection."""

from urllib.parse import urlencode

import requests
from authlib.integrations.flask_client import OAuth
from authlib.integrations.flask_oauth2 import ResourceProtector, current_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7662 import IntrospectTokenValidator
from flask import Flask, jsonify
from program import *

app = Flask(__name__)
app.secret_key = "a secret of the application itself"
oauth = OAuth(app)
latchkey = oauth.register(
    name="latchkey",
    client_id=CLIENT_ID,
    client_secret=CLIENT_SECRET,
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={"scope": SCOPE, "code_challenge_method": "S256"},
)


@app.get("/login")
def login():
    return latchkey.authorize_redirect(REDIRECT_URI)


@app.get("/callback")
def callback():
    token = latchkey.authorize_access_token()
    return jsonify(token=token, user=latchkey.userinfo(token=token))


class Introspection(IntrospectTokenValidator):
    def introspect_token(self, token_string):
        response = requests.post(
            f"{ISSUER}/introspect",
            data={"token": token_string, "token_type_hint": "access_token"},
            auth=(API_IDENTIFIER, API_SECRET),
        )
        response.raise_for_status()
        return response.json()


require_token = ResourceProtector()
require_token.register_token_validator(Introspection())


@app.get("/things")
@require_token("orders:read")
def things():
    return jsonify(client_id=current_token["client_id"])


origin = REDIRECT_URI.removesuffix("/callback")
serve(app, int(origin.rpartition(":")[2]))
import json

signed_in = json.loads(visit(f"{origin}/login")["body"])
tell("sign in", signed_in["token"]["access_token"])
tell("userinfo", signed_in["user"]["email"])

metadata = latchkey.load_server_metadata()
session = OAuth2Session(CLIENT_ID, CLIENT_SECRET, scope=SCOPE, token=signed_in["token"])
refreshed = session.refresh_token(metadata["token_endpoint"])
tell("refresh", refreshed["access_token"])

found = session.get(f"{origin}/things")
tell("introspection", found.json()["client_id"])

session.revoke_token(metadata["revocation_endpoint"], token=refreshed["access_token"]).raise_for_status()
tell("revocation", refreshed["access_token"])
if session.get(f"{origin}/things").status_code != 401:
    raise SystemExit("the resource server accepts a revoked token")

logout = {"id_token_hint": signed_in["token"]["id_token"], "post_logout_redirect_uri": POST_LOGOUT_REDIRECT_URI}
tell("logout", visit(f"{metadata['end_session_endpoint']}?{urlencode(logout)}")["url"])
