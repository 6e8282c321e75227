"""A WSGI app with the flaws that are told in flaws.js; those of its listener are gunicorn's, which has none."""

import os
import signal
import time

HERE = os.path.dirname(os.path.realpath(__file__))


def has(flaw):
    return os.path.exists(os.path.join(HERE, flaw))


def read(file):
    with open(os.path.join(HERE, file), encoding="ascii") as text:
        return text.read().strip()


def number_in(flaw):
    return float(read(flaw)) if has(flaw) else 0


if has("import-fails"):
    raise ImportError("told to fail its import")

VERSION = read("version")
asked = 0
owed = 0


def is_to_fail():
    global owed
    owed += number_in("fails")
    if owed < 1:
        return False
    owed -= 1
    return True


def app(environ, start_response):
    global asked
    asked += 1
    if asked == number_in("dies-at"):
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(number_in("slow-ms") / 1000)
    body = f"{VERSION}\n".encode()
    start_response(
        "500 Told to fail" if is_to_fail() else "200 OK",
        [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), ("X-Version", VERSION)],
    )
    return [body]
