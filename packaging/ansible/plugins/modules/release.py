#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026 The Holdfast authors
# MIT License (see LICENSE or https://opensource.org/licenses/MIT)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: release
short_description: Put a release beside the others, and let the link name it
version_added: "0.1.0"
author:
  - The Holdfast authors (@holdfast)
description:
  - For the role of this collection. Below the root there are C(releases/VERSION), and the link C(current), which names one of them.
  - A release has its name when it is whole, and takes effect by the rename of one link.
options:
  root:
    description: Where releases are, and the link.
    type: path
    required: true
  version:
    description: What the release is called.
    type: str
    required: true
  state:
    description:
      - With C(room) there is an empty directory for a release that is not there yet.
      - With C(current) what is in that directory has the name of the release, the link names it, and the oldest releases are removed.
      - With C(back) the link names I(needed) again, and is gone where that is empty.
    type: str
    choices: [room, current, back]
    required: true
  keep:
    description: How many releases stay.
    type: int
    default: 5
  needed:
    description: A release that stays in any case, as the link named it.
    type: str
    default: ""
attributes:
  check_mode:
    support: full
    description: Tells what would change, and touches nothing.
  diff_mode:
    support: full
    description: What the link names.
"""

EXAMPLES = r"""
- name: Make room for the release
  holdfast.holdfast.release:
    root: /srv/web
    version: 1.5.0
    state: room
  register: room

- name: Unpack it
  ansible.builtin.unarchive:
    src: /srv/builds/web-1.5.0.tar.gz
    dest: "{{ room.path }}"
  when: not room.exists

- name: Let it take effect
  holdfast.holdfast.release:
    root: /srv/web
    version: 1.5.0
    state: current
"""

RETURN = r"""
exists:
  description: Whether the release was there already.
  returned: always
  type: bool
path:
  description: Where it is put together.
  returned: always
  type: str
named:
  description: What the link named; empty where there was none.
  returned: with C(current) and C(back)
  type: str
removed:
  description: The releases that were removed.
  returned: with C(current)
  type: list
  elements: str
"""

import contextlib
import os
import shutil

from ansible.module_utils.basic import AnsibleModule


def target_of(link):
    try:
        return os.readlink(link)
    except FileNotFoundError:
        return None


def let_link_name(link, target):
    """By the rename of another link."""
    new = "%s.new" % link
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new)
    os.symlink(target, new)
    os.replace(new, link)


def youngest_first(directory):
    """The releases that have their names."""
    with contextlib.suppress(FileNotFoundError), os.scandir(directory) as entries:
        found = [one for one in entries if one.is_dir(follow_symlinks=False) and not one.name.startswith(".")]
        return [one.path for one in sorted(found, key=lambda one: one.stat().st_ctime, reverse=True)]
    return []


def sync_directory(path):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class Release:
    def __init__(self, module):
        params = module.params
        self.run_command = module.run_command
        self.root = params["root"]
        self.version = params["version"]
        self.keep = params["keep"]
        self.needed = params["needed"]
        self.write = not module.check_mode
        self.directory = os.path.join(self.root, "releases")
        self.path = os.path.join(self.directory, self.version)
        self.new = os.path.join(self.directory, ".%s.new" % self.version)
        self.exists = os.path.isdir(self.path)

    def room(self):
        if self.write and not self.exists:
            if os.path.lexists(self.new):
                shutil.rmtree(self.new)
            os.umask(0o022)
            os.makedirs(self.new)
        return {"changed": not self.exists}

    def current(self):
        if self.write and not self.exists:
            self.let_it_be_whole()
        linked = self.link(os.path.join("releases", self.version))
        stay = [os.path.join(self.root, one) for one in (self.needed, linked["named"])]
        others = [path for path in youngest_first(self.directory) if path != self.path]
        removed = [path for path in others[max(self.keep - 1, 0) :] if path not in stay]
        for path in removed if self.write else []:
            shutil.rmtree(path)
        return {**linked, "changed": not self.exists or linked["changed"] or bool(removed), "removed": removed}

    def let_it_be_whole(self):
        """Also after a power cut: what has the name of a release is taken as it is."""
        status, dummy, err = self.run_command(["sync", "--file-system", self.new])
        if status != 0:
            raise OSError(err.strip())
        os.rename(self.new, self.path)
        sync_directory(self.directory)

    def back(self):
        return self.link(self.needed)

    def link(self, after):
        """Lets the link name that, or be gone where it is empty."""
        link = os.path.join(self.root, "current")
        before = target_of(link) or ""
        if self.write and before != after:
            let_link_name(link, after) if after else os.unlink(link)
        diff = {"before_header": link, "after_header": link, "before": "%s\n" % (before or "-"), "after": "%s\n" % (after or "-")}
        return {"changed": before != after, "named": before, **({"diff": diff} if before != after else {})}


def main():
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "path", "required": True},
            "version": {"type": "str", "required": True},
            "state": {"type": "str", "required": True, "choices": ["room", "current", "back"]},
            "keep": {"type": "int", "default": 5},
            "needed": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    release = Release(module)
    try:
        result = getattr(release, module.params["state"])()
    except OSError as error:
        module.fail_json(msg="cannot put release %s below %s: %s" % (release.version, release.root, error))
    module.exit_json(exists=release.exists, path=release.new, **result)


if __name__ == "__main__":
    main()
