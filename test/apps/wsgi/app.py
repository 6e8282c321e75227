"""A WSGI app whose version is in the file `version` beside it. Files beside it make it bad: `crash-at-boot`, `never-ready`;
`boot-ms` makes it slow."""

import os
import sys
import time
from urllib.parse import parse_qs

HERE = os.path.dirname(os.path.realpath(__file__))


def has(name):
    return os.path.exists(os.path.join(HERE, name))


if has("crash-at-boot"):
    sys.exit("told to crash at boot")
while has("never-ready"):
    time.sleep(0.1)
if has("boot-ms"):
    with open(os.path.join(HERE, "boot-ms"), encoding="ascii") as file:
        time.sleep(int(file.read()) / 1000)

with open(os.path.join(HERE, "version"), encoding="ascii") as file:
    VERSION = file.read().strip()


def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(int(parse_qs(environ["QUERY_STRING"])["ms"][0]) / 1000)
    if environ["PATH_INFO"] == "/held":
        while not os.path.exists(parse_qs(environ["QUERY_STRING"])["until"][0]):
            time.sleep(0.01)
    body = f"{VERSION}\n".encode()
    start_response(
        "200 OK",
        [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), ("X-Version", VERSION)],
    )
    return [body]
