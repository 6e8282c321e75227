#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 The Holdfast authors
# MIT License (see LICENSE or https://opensource.org/licenses/MIT)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: holdfast
short_description: Upgrade a service that runs under Holdfast
version_added: "0.1.0"
author:
  - The Holdfast authors (@holdfast)
description:
  - Brings a service under Holdfast to what is deployed on the disk, without a gap, and waits until the new version has proved itself there.
  - It talks to the daemon by the command C(holdfast) and its JSON. What it reports as changed, C(holdfast changes) has told.
  - A version that is bad never stays. The daemon goes back by itself, and the task fails with the daemon's reason.
options:
  name:
    description: The instance, as in C(holdfast@NAME.service).
    type: str
    required: true
  state:
    description:
      - With C(upgraded) what is on the disk serves. A service that does not run is started.
      - With C(staged) what is on the disk is started and verified, and stands by, unless it serves already.
      - With C(committed) what stands by serves, and what is held on trial is kept.
      - With C(rolled_back) what ran before serves, or the generation that is named. What stands by is dropped.
        Without I(generation) nothing is done where the service has gone back already.
      - With C(running) the service runs, whichever version it is. With C(stopped) it does not, and its socket units do not either.
    type: str
    choices: [upgraded, staged, committed, rolled_back, running, stopped]
    default: upgraded
  proved:
    description:
      - Wait until the version has proved itself, through its trial and its probation, and fail when it is rolled back.
      - It counts for the states C(upgraded), C(committed) and C(rolled_back).
    type: bool
    default: true
  generation:
    description:
      - The generation to roll back to, by its number or the number of its snapshot.
      - It counts for the state C(rolled_back) only.
    type: int
  at:
    description:
      - Wait on the host until this time before the commit, in seconds since the epoch, by the host's own clock.
      - It counts for the state C(committed) only.
    type: float
  message:
    description: Why, for C(holdfast history).
    type: str
  force:
    description: Also a version that was judged bad, and also where an upgrade would start the same once more.
    type: bool
    default: false
  timeout:
    description: How long to wait, as C(holdfast) takes it. What was asked for goes on.
    type: str
    default: 10m
  unit:
    description: The unit of the daemon. Unless given, C(holdfast@NAME.service).
    type: str
  socket:
    description: The control socket, where it is not the usual one.
    type: path
  executable:
    description: The command C(holdfast).
    type: path
    default: holdfast
attributes:
  check_mode:
    support: full
    description: Tells what would change, and touches nothing.
  diff_mode:
    support: full
    description: The version, the release, the keys of the config and the files that differ. Never a value of the config.
notes:
  - Where a service runs in its release itself, with C(snapshot = "off"), nobody can tell what would change, and it is upgraded each time.
  - Root may do all of it. A member of the group C(control.operators) may upgrade, stage, commit and roll back.
"""

EXAMPLES = r"""
- name: What is deployed serves, and has proved itself
  holdfast.holdfast.holdfast:
    name: web
    message: "release {{ version }}"

- name: The new version stands by
  holdfast.holdfast.holdfast:
    name: web
    state: staged

- name: It serves
  holdfast.holdfast.holdfast:
    name: web
    state: committed

- name: What was proved last serves again
  holdfast.holdfast.holdfast:
    name: web
    state: rolled_back
"""

RETURN = r"""
generation:
  description: The generation that serves; null where none does.
  returned: always
  type: int
  sample: 9
snapshot:
  description: The number of its snapshot, which a generation shares with what it was rolled back to; null where it has none.
  returned: always
  type: int
  sample: 9
version:
  description: What its release calls itself.
  returned: always
  type: str
  sample: 1.5.0
release:
  description: The directory that it was made of.
  returned: always
  type: str
  sample: /srv/web/releases/1.5.0
staged:
  description: The generation that stands by; null where none does.
  returned: always
  type: int
summary:
  description: How the service stands, in a sentence.
  returned: always
  type: str
  sample: generation 9, 2 workers ready; last upgrade at 14:03:27 UTC took 3.41 s
verdict:
  description: What became of the version. One of C(proved), C(replaced) and C(rejected); null as long as it is not known.
  returned: always
  type: str
  sample: proved
account:
  description: The account of the upgrade that made the generation, as C(holdfast history GENERATION --json) has it.
  returned: when the daemon knows it
  type: dict
committed_at:
  description: When that generation began to serve, in seconds since the epoch.
  returned: when the daemon knows it
  type: float
before:
  description: The same facts of the service (generation, snapshot, version, release, staged, summary) when the module began.
  returned: always
  type: dict
changes:
  description: What an upgrade would have changed, as C(holdfast changes --json) has it.
  returned: with the states C(upgraded) and C(staged), where the service ran
  type: dict
last_lines:
  description: What the daemon says below its reason, with the last lines of the version that failed.
  returned: on failure
  type: list
  elements: str
ansible_facts:
  description: All of it as the fact C(holdfast_NAME), with C(_) in the name for what a variable cannot have.
  returned: always
  type: dict
"""

import json
import re
import time

from ansible.module_utils.basic import AnsibleModule

CLI_NOT_RUNNING = 3
CLI_DEGRADED = 4
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
        return self.module.run_command(self.argv + list(words))

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

    def systemctl(self, *words):
        status, out, err = self.module.run_command(["systemctl"] + list(words))
        return status, out.strip(), err.strip()

    def property_of(self, key):
        return self.systemctl("show", "--property", key, "--value", self.unit)[1]

    def socket_units(self):
        return self.property_of("TriggeredBy").split()

    def start(self):
        status, dummy, err = self.systemctl("start", *(self.socket_units() + [self.unit]))
        if status == 0:
            return
        raise Refused(self.property_of("StatusText") or err.split("\n")[0] or "cannot start %s" % self.unit, err.split("\n"))

    def stop(self, status):
        if status and status["unit"] is None:
            self.order_plain("stop")
            return
        code, dummy, err = self.systemctl("stop", *(self.socket_units() + [self.unit]))
        if code != 0:
            raise Refused(err.split("\n")[0], err.split("\n"))

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
            if active is None:
                return None
            proof = active["proof"] or {"kind": "proved"}
            if active["id"] == generation and proof["kind"] == "proved":
                return "proved"
            if proof["kind"] == "rejected":
                raise Refused(proof["failure"]["message"])
            if active["id"] == generation and proof["kind"] == "trial" and proof["leftMs"] is None:
                raise Refused("generation %d is on trial until somebody decides; commit it" % generation)
            if active["id"] == generation:
                return None
            back = status["rolledBack"]
            if back is not None and back["from"] == generation:
                raise Refused("generation %d was rolled back to %d: %s" % (generation, active["id"], back["failure"]["message"]))
            raise Refused("generation %d was replaced by %d before it had proved itself" % (generation, active["id"]))

        return self.until("generation %d has proved itself" % generation, look, status)


class Task:
    def __init__(self, module):
        self.module = module
        self.params = module.params
        self.daemon = Daemon(module)
        self.result = {"changed": False, "verdict": None}

    def run(self):
        status = self.daemon.status()
        self.result["before"] = describe(status)
        getattr(self, self.params["state"])(status)
        self.tell()

    def tell(self):
        """What is so now; in check mode it is what was so before."""
        now = self.result["before"] if self.module.check_mode else describe(self.daemon.status())
        account = self.daemon.account_of(now["generation"])
        self.result.update(now)
        if account:
            verdict = account["verdict"]
            self.result["account"] = account
            self.result["committed_at"] = commit_time(account)
            self.result["verdict"] = verdict["kind"] if verdict else self.result["verdict"]

    def changing(self, after=None):
        """True when it is to be done; in check mode it is only told."""
        self.result["changed"] = True
        before = self.result["before"]
        if after is not None:
            self.result["diff"] = {
                "before_header": "%s, now" % self.params["name"],
                "after_header": "%s, afterwards" % self.params["name"],
                "before": lay_out(before["version"], before["release"]),
                "after": after,
            }
        return not self.module.check_mode

    def await_proof(self):
        if self.module.check_mode or not self.params["proved"]:
            return
        status = self.daemon.status()
        generation = describe(status)["generation"]
        if generation is not None:
            self.result["verdict"] = self.daemon.proved(generation, status)

    def difference(self, phase):
        """What an upgrade would change against the generation that is active or staged; None where there is none."""
        changes = self.daemon.changes()
        if changes is None:
            return None
        self.result["changes"] = changes
        return next((one for one in changes["generations"] if one["phase"] == phase), None)

    def after(self, difference):
        changes = self.result.get("changes")
        if changes is None:
            return "what is on the disk\n"
        return lay_out(changes["version"], changes["release"], difference)

    def upgraded(self, status):
        if status is None:
            if self.changing(self.after(None)):
                self.daemon.start()
                self.daemon.running()
        else:
            if not self.module.check_mode:
                self.daemon.settled(status)
            difference = self.difference("active")
            if self.params["force"] or difference is None or difference["same"] is not True:
                if self.changing(self.after(difference)):
                    force = ["--force"] if self.params["force"] else []
                    self.daemon.order("upgrade", *(force + (["--proved"] if self.params["proved"] else [])))
        self.await_proof()

    def staged(self, status):
        if status is None:
            raise Refused("cannot stage a version of %s: no daemon answers; a first start is the state upgraded" % self.params["name"])
        if not self.module.check_mode:
            self.daemon.settled(status)
        serving = self.difference("active")
        stands_by = self.difference("staged")
        if not self.params["force"]:
            if stands_by is not None and stands_by["same"] is True:
                return
            if stands_by is None and serving is not None and serving["same"] is True:
                return
        if self.changing(self.after(serving)):
            self.daemon.order("upgrade", "--stage", *(["--force"] if self.params["force"] else []))

    def committed(self, status):
        if status is None:
            raise Refused("cannot commit: no daemon of %s answers" % self.params["name"])
        active = active_in(status)
        proof = active["proof"] if active else None
        held = proof is not None and proof["kind"] == "trial" and proof["leftMs"] is None
        stands_by = next((one for one in status["generations"] if one.get("staged")), None)
        if stands_by is not None or held:
            chosen = stands_by or active
            if self.changing(lay_out(chosen["version"], chosen["release"])):
                if self.params["at"] is not None:
                    time.sleep(max(0.0, self.params["at"] - time.time()))
                self.daemon.order("commit", *(["--proved"] if self.params["proved"] else []))
        self.await_proof()

    def rolled_back(self, status):
        if status is None:
            raise Refused("cannot roll back: no daemon of %s answers" % self.params["name"])
        if not self.module.check_mode:
            status = self.daemon.settled(status) or status
        wanted = self.params["generation"]
        stands_by = describe(status)["staged"]
        if stands_by is not None:
            if self.changing(lay_out(self.result["before"]["version"], self.result["before"]["release"])):
                self.daemon.order("rollback")
                status = self.daemon.status() or status
            if wanted is None:
                return
        active = active_in(status) or {}
        if wanted is None:
            there = status["rolledBack"] is not None
        else:
            there = wanted in (active.get("id"), active.get("snapshot"))
        if not there and self.changing("what ran before\n" if wanted is None else "generation: %d\n" % wanted):
            held = next((one for one in status["generations"] if one["phase"] == "held"), None)
            at_once = held is not None and wanted in (None, held["id"], held["snapshot"])
            self.daemon.order("rollback", *([] if at_once or wanted is None else [str(wanted)]))
        self.await_proof()

    def running(self, status):
        if status is not None and status["lifecycle"] in ("running", "starting"):
            return
        if not self.changing("runs\n"):
            return
        if status is not None and status["lifecycle"] == "drained":
            self.daemon.order("upgrade")
        else:
            self.daemon.start()
        self.daemon.running()

    def stopped(self, status):
        if status is None and self.daemon.property_of("ActiveState") not in ("active", "activating", "reloading"):
            return
        if self.changing("stopped\n"):
            self.daemon.stop(status)


def lay_out(version, release, difference=None):
    lines = ["version: %s" % (version or "-"), "release: %s" % (release or "-")]
    if difference is not None:
        lines += ["config: %s" % key for key in difference["config"]]
        files = difference["files"]
        if files is None:
            lines.append("files: nobody can tell, for it runs from no snapshot")
        elif files["added"] + files["changed"] + files["removed"] > 0:
            lines.append("files: %(changed)d changed, %(added)d added, %(removed)d removed" % files)
            lines += ["  %s" % path for path in files["examples"]]
    return "\n".join(lines) + "\n"


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {
                "type": "str",
                "default": "upgraded",
                "choices": ["upgraded", "staged", "committed", "rolled_back", "running", "stopped"],
            },
            "proved": {"type": "bool", "default": True},
            "generation": {"type": "int"},
            "at": {"type": "float"},
            "message": {"type": "str"},
            "force": {"type": "bool", "default": False},
            "timeout": {"type": "str", "default": "10m"},
            "unit": {"type": "str"},
            "socket": {"type": "path"},
            "executable": {"type": "path", "default": "holdfast"},
        },
        supports_check_mode=True,
    )
    task = None
    try:
        task = Task(module)
        task.run()
    except Refused as refused:
        result = task.result if task else {}
        result.pop("diff", None)
        module.fail_json(msg=refused.reason, last_lines=refused.last_lines, **result)
    fact = "holdfast_%s" % re.sub(r"\W", "_", module.params["name"])
    told = {key: value for key, value in task.result.items() if key not in ("changed", "diff", "changes")}
    module.exit_json(ansible_facts={fact: told}, **task.result)


if __name__ == "__main__":
    main()
