# -*- coding: utf-8 -*-
# Copyright (c) 2026 The Holdfast authors
# MIT License (see LICENSE or https://opensource.org/licenses/MIT)

"""What speaks with the daemon of one instance, by the command holdfast and its JSON, and with systemd."""

from __future__ import annotations

import json
import re
import time

CLI_NOT_RUNNING = 3
CLI_DEGRADED = 4
# Of timeout(1).
CLI_TIMED_OUT = 124
LAST_LINES = 20
LOOK_EVERY_S = 0.5
UNIT_MS = {"ms": 1, "s": 1000, "sec": 1000, "m": 60000, "min": 60000, "h": 3600000}


class Refused(Exception):
    """What was asked for did not come to be, with the daemon's reason."""

    def __init__(self, reason, last_lines=()):
        super().__init__(reason)
        self.reason = reason
        self.last_lines = list(last_lines)


def seconds_of(text):
    """A time span as the CLI reads it."""
    parts = re.findall(r"(\d+)\s*([A-Za-z]+)\s*", text)
    if not parts or re.sub(r"(\d+)\s*([A-Za-z]+)\s*", "", text.strip()) or any(unit not in UNIT_MS for part, unit in parts):
        raise Refused("cannot read the timeout %s: write it as in 30s or 1m 30s" % json.dumps(text))
    return sum(int(digits) * UNIT_MS[unit] for digits, unit in parts) / 1000.0


def refusal_of(text):
    """The CLI's complaint: the reason in its first line, and what belongs to it below."""
    lines = [line.rstrip() for line in text.strip().split("\n")]
    reason = re.sub(r"^holdfast: ", "", lines[0]) or "holdfast failed and does not say why"
    return Refused(reason, [line for line in lines[1:] if line])


def describe(status):
    """What serves, and what stands by."""
    generations = status["generations"] if status else []
    active = next((one for one in generations if one["phase"] == "active"), {})
    staged = next((one for one in generations if one.get("staged")), {})
    return {
        "generation": active.get("id"),
        "snapshot": active.get("snapshot"),
        "version": active.get("version"),
        "release": active.get("release"),
        "staged": staged.get("id"),
        "summary": status["summary"] if status else "not running",
    }


def active_in(status):
    return next((one for one in status["generations"] if one["phase"] == "active"), None) if status else None


def commit_time(account):
    """When the generation began to serve: the first of the phases that follow the commit."""
    after = [one["afterMs"] for one in account["phases"] if one["phase"] in ("trial", "drain", "probation")]
    return (account["startedAt"] + min(after)) / 1000.0 if after else None


class Daemon:
    """The CLI, and systemd, as far as they are asked for one instance."""

    def __init__(self, module):
        self.module = module
        params = module.params
        self.name = params["name"]
        self.unit = params["unit"] or "holdfast@%s.service" % self.name
        self.patience_s = seconds_of(params["timeout"])
        whom = ["--socket", params["socket"]] if params["socket"] else ["--name", self.name]
        self.argv = [params["executable"]] + whom

    def ask(self, *words):
        if self.module.get_bin_path(self.argv[0]) is None:
            # In check mode the package would have been installed before.
            if self.module.check_mode:
                return CLI_NOT_RUNNING, "", ""
            raise Refused("cannot find the command %s on the host: the package holdfast is not installed there" % self.argv[0])
        return self.run_program(*self.argv, *words)

    def run_program(self, *argv):
        """As it is written: of a message nothing is a variable of the host."""
        return self.module.run_command(list(argv), expand_user_and_vars=False)

    def read(self, *words):
        """The JSON of a command; None where no daemon answers."""
        status, out, err = self.ask(*(words + ("--json",)))
        if status == CLI_NOT_RUNNING:
            return None
        if status not in (0, CLI_DEGRADED):
            raise refusal_of(err)
        return json.loads(out)

    def status(self):
        return self.read("status")

    def changes(self):
        return self.read("changes")

    def account_of(self, generation):
        if generation is None:
            return None
        try:
            entry = self.read("history", str(generation))
        except Refused:
            return None
        return entry and entry.get("account")

    def order(self, command, *words):
        """An upgrade, commit or rollback, until its end."""
        params = self.module.params
        argv = [command] + list(words) + ["--json", "--timeout", params["timeout"]]
        if params["message"]:
            argv += ["--message", params["message"]]
        status, dummy, err = self.ask(*argv)
        if status != 0:
            raise refusal_of(err)

    def property_of(self, key, *units):
        return self.run_program("systemctl", "show", "--property", key, "--value", *(units or [self.unit]))[1].strip()

    def units(self):
        """Of the service, and of its sockets, which would start it again."""
        return [unit for unit in self.property_of("TriggeredBy").split() if unit.endswith(".socket")] + [self.unit]

    def is_up(self):
        """Whether one of them is active, or is about to be or not to be."""
        return not set(self.property_of("ActiveState", *self.units()).split()) <= {"inactive", "failed"}

    def systemctl(self, verb, *units):
        """Until it is done. The reason where it is not, and None where it is."""
        status, dummy, err = self.run_program("timeout", str(self.patience_s), "systemctl", verb, *units)
        if status == CLI_TIMED_OUT:
            raise Refused("waited %s in vain until systemctl %s has ended; it goes on" % (self.module.params["timeout"], verb))
        return None if status == 0 else err.strip() or "systemctl %s fails for %s" % (verb, self.unit)

    def start(self):
        why = self.systemctl("start", *self.units())
        if why is not None:
            lines = self.journal("_SYSTEMD_INVOCATION_ID=%s" % self.property_of("InvocationID"))
            raise Refused(self.property_of("StatusText") or why.split("\n")[0], lines or why.split("\n"))

    def stop(self, status):
        if status and status["unit"] is None:
            self.order_plain("stop")
            return
        why = self.systemctl("stop", *self.units())
        if why is not None:
            raise Refused(why.split("\n")[0], why.split("\n"))

    def journal(self, *matches):
        """The last lines of it; none where there is no journal."""
        if self.module.get_bin_path("journalctl") is None:
            return []
        return self.run_program("journalctl", "--quiet", "--no-pager", "--output=cat", "--lines=%d" % LAST_LINES, *matches)[1].splitlines()

    def last_lines(self, status, generation, failure):
        """What a version that was judged bad has printed."""
        if failure.get("output"):
            return failure["output"].splitlines()
        return self.journal("--unit=%s" % status["unit"], "--identifier=%s/%d" % (self.name, generation)) if status["unit"] else []

    def order_plain(self, command):
        status, dummy, err = self.ask(command, "--timeout", self.module.params["timeout"])
        if status != 0:
            raise refusal_of(err)

    def until(self, what, look, status):
        """Looks at the status, this one first, until the answer is no longer None. A daemon that is replaced meanwhile is waited for."""
        end = time.monotonic() + self.patience_s
        while True:
            found = look(status)
            if found is not None:
                return found
            if time.monotonic() > end:
                raise Refused("waited %s in vain until %s; it goes on" % (self.module.params["timeout"], what))
            time.sleep(LOOK_EVERY_S)
            status = self.status()

    def settled(self, status):
        """The status, once no upgrade is under way that has not begun to serve."""

        def look(status):
            if status is None:
                return {}
            active = active_in(status)
            tried = active is not None and active["proof"] is not None and active["proof"]["kind"] == "trial"
            return status if status["upgrade"] is None or tried else None

        return self.until("the upgrade under way has ended", look, status) or None

    def running(self):
        def look(status):
            return status if status and status["lifecycle"] == "running" and active_in(status) else None

        return self.until("%s serves" % self.name, look, self.status())

    def proved(self, generation, status):
        """Waits until the generation has proved itself, and fails when it has not."""

        def look(status):
            active = active_in(status)
            if active is None and status and status["lifecycle"] in ("drained", "stopping"):
                raise Refused("generation %d was told to drain before it had proved itself" % generation)
            if active is None:
                return None
            proof = active["proof"] or {"kind": "proved"}
            if active["id"] == generation and proof["kind"] == "proved":
                return "proved"
            if proof["kind"] == "rejected":
                raise Refused(proof["failure"]["message"], self.last_lines(status, active["id"], proof["failure"]))
            if active["id"] == generation and proof["kind"] == "trial" and proof["leftMs"] is None:
                raise Refused("generation %d is on trial until somebody decides; commit it" % generation)
            if active["id"] == generation:
                return None
            back = status["rolledBack"]
            if back is not None and back["from"] == generation:
                why = "generation %d was rolled back to %d: %s" % (generation, active["id"], back["failure"]["message"])
                raise Refused(why, self.last_lines(status, generation, back["failure"]))
            raise Refused("generation %d was replaced by %d before it had proved itself" % (generation, active["id"]))

        return self.until("generation %d has proved itself" % generation, look, status)
