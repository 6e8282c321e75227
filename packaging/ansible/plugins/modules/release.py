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
    type: str
    choices: [room, current]
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


class Release:
    def __init__(self, params, write):
        self.root = params["root"]
        self.version = params["version"]
        self.keep = params["keep"]
        self.needed = params["needed"]
        self.write = write
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
            os.rename(self.new, self.path)
        link = os.path.join(self.root, "current")
        before, after = target_of(link), os.path.join("releases", self.version)
        if self.write and before != after:
            let_link_name(link, after)
        stay = [self.path, os.path.join(self.root, self.needed)]
        others = [path for path in youngest_first(self.directory) if path not in stay]
        removed = others[max(self.keep - 1, 0) :]
        for path in removed if self.write else []:
            shutil.rmtree(path)
        changed = not self.exists or before != after or bool(removed)
        diff = {"before_header": link, "after_header": link, "before": "%s\n" % (before or "-"), "after": "%s\n" % after}
        return {"changed": changed, "removed": removed, **({"diff": diff} if before != after else {})}


def main():
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "path", "required": True},
            "version": {"type": "str", "required": True},
            "state": {"type": "str", "required": True, "choices": ["room", "current"]},
            "keep": {"type": "int", "default": 5},
            "needed": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    release = Release(module.params, not module.check_mode)
    try:
        result = release.room() if module.params["state"] == "room" else release.current()
    except OSError as error:
        module.fail_json(msg="cannot put release %s below %s: %s" % (release.version, release.root, error))
    module.exit_json(exists=release.exists, path=release.new, **result)


if __name__ == "__main__":
    main()
