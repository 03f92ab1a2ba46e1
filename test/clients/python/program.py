"""What the programs of this folder share: their settings, a browser, and how they say what came of a step."""

import json
import os
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

ISSUER = os.environ["ISSUER"]
CLIENT_ID = os.environ["CLIENT_ID"]
CLIENT_SECRET = os.environ["CLIENT_SECRET"]
REDIRECT_URI = os.environ["REDIRECT_URI"]
POST_LOGOUT_REDIRECT_URI = os.environ["POST_LOGOUT_REDIRECT_URI"]
SCOPE = os.environ["SCOPE"]
API_IDENTIFIER = os.environ["API_IDENTIFIER"]
API_SECRET = os.environ["API_SECRET"]


def _say(line):
    print(json.dumps(line), flush=True)


def tell(step, what):
    """Says what came of a step, and waits until it is checked, as the next step may end what this one made."""
    _say({"step": step, "what": what})
    sys.stdin.readline()


def visit(url):
    """Lets somebody go to a URL with a browser. Returns where the browser is in the end, and what it shows there."""
    _say({"visit": url})
    return json.loads(sys.stdin.readline())


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def serve(app, port):
    """Serves a WSGI application in the background."""
    server = make_server("localhost", port, app, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
