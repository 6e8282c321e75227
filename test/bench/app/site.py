# The site as a WSGI app: `/` and `/slow?ms=N`. Its version is in the file `version` beside it.
import os
import time
from urllib.parse import parse_qs

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "version"), encoding="ascii") as file:
    VERSION = file.read().strip()


def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(int(parse_qs(environ["QUERY_STRING"])["ms"][0]) / 1000)
    start_response("200 OK", [("X-Version", VERSION), ("Content-Length", "3")])
    return [b"ok\n"]
