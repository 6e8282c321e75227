"""A WSGI app that says its version. A request for /slow?ms=N takes N milliseconds."""

import time
from pathlib import Path
from urllib.parse import parse_qs

VERSION = Path(__file__).with_name("version").read_text(encoding="ascii").strip()


def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(int(parse_qs(environ["QUERY_STRING"])["ms"][0]) / 1000)
    body = f"{VERSION}\n".encode()
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), ("X-Version", VERSION)]
    start_response("200 OK", headers)
    return [body]
