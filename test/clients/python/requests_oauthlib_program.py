import os

# The local stack has no TLS.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

from program import *
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

session = OAuth2Session(CLIENT_ID, redirect_uri=REDIRECT_URI, scope=SCOPE.split(), pkce="S256")
url, _ = session.authorization_url(f"{ISSUER}/authorize")
callback = visit(url)["url"].replace("https:", "http:")
token = session.fetch_token(f"{ISSUER}/token", client_secret=CLIENT_SECRET, authorization_response=callback)
tell("sign in", token["access_token"])

tell("userinfo", session.get(f"{ISSUER}/userinfo").json()["email"])

credentials = HTTPBasicAuth(CLIENT_ID, CLIENT_SECRET)
refreshed = session.refresh_token(f"{ISSUER}/token", auth=credentials)
tell("refresh", refreshed["access_token"])
