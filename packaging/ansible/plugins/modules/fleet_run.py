#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 The Holdfast authors
# MIT License (see LICENSE or https://opensource.org/licenses/MIT)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: fleet_run
short_description: Lock a host for one run, and remember what was there before it
version_added: "0.1.0"
author:
  - The Holdfast authors (@holdfast)
description:
  - For the playbooks of this collection. One run at a time has an instance of a host, and what it found there is kept until the run is over.
  - A run is a process of C(ansible-playbook). The action of the same name tells which one it is, and whether the one that is in the way is still there.
options:
  name:
    description: The instance.
    type: str
    required: true
  state:
    description:
      - With C(locked) the run has the instance, or the result says who has it as C(held_by).
      - With C(renewed) it still has it, which makes the lock young again. It fails where the lock is gone, and so does C(remembered).
      - With C(remembered) what is there now is written down, unless an earlier run that was not over has done so.
      - With C(restored) the files and the link are as they were written down.
      - With C(over) what was written down is forgotten, and the lock is given back. With C(unlocked) only the lock is.
    type: str
    choices: [locked, renewed, remembered, restored, over, unlocked]
    required: true
  files:
    description: The files to remember, with what is in them.
    type: list
    elements: path
    default: []
  link:
    description: The link to remember.
    type: path
  release:
    description: The directory of which C(contents) are told, or a link to it.
    type: path
  service:
    description: What served, to remember.
    type: dict
  age:
    description:
      - Seconds after which the lock may be taken where the run does not renew it. It is written into the lock by C(locked).
      - A lock that does not say it is as good as one of whoever asks.
    type: int
    default: 3600
  break_lock:
    description: Take the lock, whoever has it.
    type: bool
    default: false
  owner:
    description: The run. The action sets it.
    type: dict
  instead_of:
    description: The run whose lock is taken, because it is seen to have ended. The action sets it.
    type: dict
  lock_directory:
    description: Where locks are; gone after a boot.
    type: path
    default: /run/holdfast-roll
  record_directory:
    description: Where it is written down what was there.
    type: path
    default: /var/lib/holdfast-roll
attributes:
  check_mode:
    support: full
    description: Takes no lock, and writes nothing.
  diff_mode:
    support: none
    description: There is nothing to show.
"""

EXAMPLES = r"""
- name: Nobody else changes this host meanwhile
  holdfast.holdfast.fleet_run:
    name: web
    state: locked
"""

RETURN = r"""
contents:
  description: A checksum of what is in C(release), without times and owners.
  returned: with C(release)
  type: str
held_by:
  description: The other run that has the lock, with its C(owner), and since when and when it was last renewed.
  returned: where it is another one
  type: dict
record:
  description: What was there before the run, or before an earlier one that was not over; null where nothing is written down. Without the files' contents.
  returned: always
  type: dict
restored:
  description: The paths that were put back.
  returned: with C(restored)
  type: list
  elements: str
"""

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import stat
import time

from ansible.module_utils.basic import AnsibleModule


def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None
    except ValueError:
        # Half a file is no lock, and nothing to go back to.
        return None


def replace_file(path, data, mode=0o600, owner=None):
    """By another one that is whole on the disk."""
    new = "%s.new" % path
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(fd, "wb") as file:
            os.fchmod(file.fileno(), mode)
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(new)
        raise


def remove(path):
    try:
        os.unlink(path)
        return True
    except FileNotFoundError:
        return False


class Lost(Exception):
    """Nobody has the lock that this run has taken."""

    def __init__(self):
        super().__init__("the run has lost its lock: the host has booted since, or another run has had it")


class Lock:
    """Who has the instance. All that is done to the file is done by one process at a time."""

    def __init__(self, directory, name):
        os.makedirs(directory, mode=0o755, exist_ok=True)
        self.path = os.path.join(directory, "%s.lock" % name)
        self.guard = "%s.guard" % self.path

    @contextlib.contextmanager
    def alone(self):
        with open(self.guard, "w", encoding="utf-8") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield

    def held(self):
        return read_json(self.path)

    def take(self, params):
        """The other one that has it, or None: then it is this run's."""
        with self.alone():
            now = time.time()
            held = self.held()
            if held is not None and held["owner"] != params["owner"]:
                old = now - held["renewed"] > held.get("age", params["age"])
                if not (params["break_lock"] or held["owner"] == params["instead_of"] or old):
                    return held
                held = None
            self.write({"owner": params["owner"], "since": held["since"] if held else now, "renewed": now, "age": params["age"]})
            return None

    def keep(self, owner):
        """Makes it young again; the other one that has it, or None. Raises Lost where nobody has it: then another one may have had it meanwhile."""
        with self.alone():
            held = self.held()
            if held is None:
                raise Lost()
            if held["owner"] != owner:
                return held
            self.write(dict(held, renewed=time.time()))
            return None

    def write(self, lock):
        replace_file(self.path, json.dumps(lock).encode())

    def give_back(self, owner):
        with self.alone():
            held = self.held()
            return held is not None and held["owner"] == owner and remove(self.path)


def look_at(path):
    """What is in a file, and whose it is; None where it is not there."""
    try:
        with open(path, "rb") as file:
            about = os.fstat(file.fileno())
            content = base64.b64encode(file.read()).decode()
    except FileNotFoundError:
        return None
    return {"content": content, "mode": about.st_mode & 0o7777, "uid": about.st_uid, "gid": about.st_gid}


def raise_it(error):
    raise error


def contents_of(release):
    """A checksum of all names below it, and of what they stand for; times, owners and who may read it do not count."""
    checksum = hashlib.sha256()
    for directory, folders, files in os.walk(release, onerror=raise_it):
        folders.sort()
        for path in sorted(os.path.join(directory, name) for name in folders + files):
            about = os.lstat(path)
            kind = stat.S_IFMT(about.st_mode)
            target = os.readlink(path) if kind == stat.S_IFLNK else None
            size, runs = (about.st_size, bool(about.st_mode & 0o100)) if kind == stat.S_IFREG else (None, None)
            checksum.update(json.dumps([os.path.relpath(path, release), kind, target, size, runs]).encode())
            if kind == stat.S_IFREG:
                with open(path, "rb") as file:
                    for block in iter(lambda: file.read(1 << 20), b""):
                        checksum.update(block)
    return checksum.hexdigest()


def target_of(link):
    try:
        return os.readlink(link)
    except OSError:
        return None


class Record:
    """What was there before the run."""

    def __init__(self, directory, name):
        self.directory = directory
        self.path = os.path.join(directory, "%s.json" % name)

    def read(self):
        return read_json(self.path)

    def write(self, params):
        record = {
            "at": time.time(),
            "service": params["service"],
            "link": None if params["link"] is None else {"path": params["link"], "target": target_of(params["link"])},
            "files": {path: look_at(path) for path in params["files"]},
        }
        os.makedirs(self.directory, mode=0o700, exist_ok=True)
        replace_file(self.path, json.dumps(record).encode())

    def forget(self):
        return remove(self.path)


def restore(record, write):
    """Puts back what is another one now; the paths."""
    restored = []
    for path, was in record["files"].items():
        if look_at(path) == was:
            continue
        restored.append(path)
        if not write:
            continue
        if was is None:
            remove(path)
        else:
            replace_file(path, base64.b64decode(was["content"]), was["mode"], (was["uid"], was["gid"]))
    link = record["link"]
    if link is not None and target_of(link["path"]) != link["target"]:
        restored.append(link["path"])
        if write and link["target"] is None:
            remove(link["path"])
        elif write:
            new = "%s.new" % link["path"]
            remove(new)
            os.symlink(link["target"], new)
            os.replace(new, link["path"])
    return restored


def hold(params, record):
    """Sees to it that the run has the instance; the other one that has it, or None."""
    lock = Lock(params["lock_directory"], params["name"])
    if params["state"] == "locked":
        return lock.take(params)
    if params["state"] == "unlocked":
        return None
    try:
        return lock.keep(params["owner"])
    except Lost:
        if params["state"] in ("restored", "over") and record.read() is not None:
            return lock.take(params)
        raise


def bring_about(params, record, write):
    """What the state says of the record, and the end of the lock; the result of the module."""
    state = params["state"]
    if state == "remembered" and record.read() is None:
        if write:
            record.write(params)
        return {"changed": True}
    if state == "restored":
        was = record.read()
        restored = restore(was, write) if was else []
        return {"restored": restored, "changed": bool(restored)}
    changed = state == "over" and write and record.forget()
    if state in ("over", "unlocked") and write:
        Lock(params["lock_directory"], params["name"]).give_back(params["owner"])
    return {"changed": changed}


def without_contents(record):
    return record and {"at": record["at"], "service": record["service"], "link": record["link"], "files": sorted(record["files"])}


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {
                "type": "str",
                "required": True,
                "choices": ["locked", "renewed", "remembered", "restored", "over", "unlocked"],
            },
            "files": {"type": "list", "elements": "path", "default": []},
            "link": {"type": "path"},
            "release": {"type": "path"},
            "service": {"type": "dict"},
            "age": {"type": "int", "default": 3600},
            "break_lock": {"type": "bool", "default": False},
            "owner": {"type": "dict"},
            "instead_of": {"type": "dict"},
            "lock_directory": {"type": "path", "default": "/run/holdfast-roll"},
            "record_directory": {"type": "path", "default": "/var/lib/holdfast-roll"},
        },
        supports_check_mode=True,
    )
    params = module.params
    result = {"changed": False}
    try:
        record = Record(params["record_directory"], params["name"])
        held_by = hold(params, record) if not module.check_mode else None
        if held_by is not None:
            result["held_by"] = held_by
        else:
            result.update(bring_about(params, record, not module.check_mode))
            if params["release"] is not None:
                result["contents"] = contents_of(params["release"])
        module.exit_json(record=without_contents(record.read()), **result)
    except (OSError, Lost) as error:
        module.fail_json(msg="cannot have %s %s: %s" % (params["name"], params["state"], error), **result)


if __name__ == "__main__":
    main()
