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
  release:
    description:
      - The directory that is to serve, or a link to it. Where the config's C(release) leads to none of it, nothing is upgraded or staged.
        A service that was started by it fails then, and goes on.
      - It counts for the states C(upgraded) and C(staged), and not in check mode.
    type: path
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
  returned: on success
  type: int
  sample: 9
snapshot:
  description: The number of its snapshot, which a generation shares with what it was rolled back to; null where it has none.
  returned: on success
  type: int
  sample: 9
version:
  description: What its release calls itself.
  returned: on success
  type: str
  sample: 1.5.0
release:
  description: The directory that it was made of.
  returned: on success
  type: str
  sample: /srv/web/releases/1.5.0
staged:
  description: The generation that stands by; null where none does.
  returned: on success
  type: int
summary:
  description: How the service stands, in a sentence.
  returned: on success
  type: str
  sample: generation 9, 2 workers ready; last upgrade at 14:03:27 UTC took 3.41 s
verdict:
  description: What became of the version. One of C(proved), C(replaced) and C(rejected); null as long as it is not known.
  returned: on success
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
  returned: always, once the daemon has been asked
  type: dict
changes:
  description: What an upgrade would have changed, as C(holdfast changes --json) has it.
  returned: with the states C(upgraded) and C(staged), but for a service that would only be started
  type: dict
last_lines:
  description: What the daemon says below its reason, with the last lines of the version that failed.
  returned: on failure
  type: list
  elements: str
ansible_facts:
  description: All of it as the fact C(holdfast_NAME), with C(_) in the name for what a variable cannot have.
  returned: on success
  type: dict
"""

import os
import re
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.holdfast.holdfast.plugins.module_utils.daemon import Daemon, Refused, active_in, commit_time, describe


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
        self.see_release(changes["release"])
        self.result["changes"] = changes
        return next((one for one in changes["generations"] if one["phase"] == phase), None)

    def see_release(self, found):
        """That what the config's release leads to is what was deployed."""
        wanted = self.params["release"]
        if wanted is None or self.module.check_mode:
            return
        deployed = os.path.realpath(wanted)
        if os.path.commonpath([deployed, found]) != deployed:
            what = (found, deployed, wanted)
            raise Refused('the config\'s release leads to %s, and %s was deployed: set release = "%s" in the config' % what)

    def see_started(self, status):
        """That the daemon has not started what ran before in the place of what is on the disk."""
        difference = self.difference("active")
        if difference is not None and difference["same"] is False:
            raise Refused(status["degraded"] or "%s was started, and does not serve what is on the disk" % self.params["name"])

    def after(self, difference):
        changes = self.result.get("changes")
        if changes is None:
            return "what is on the disk\n"
        return lay_out(changes["version"], changes["release"], difference)

    def upgraded(self, status):
        if status is None:
            if self.changing(self.after(None)):
                self.daemon.start()
                self.see_started(self.daemon.running())
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
        if status is None and not self.daemon.is_up():
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
            "release": {"type": "path"},
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
