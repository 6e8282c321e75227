# -*- coding: utf-8 -*-
# Copyright (c) 2026 The Holdfast authors
# MIT License (see LICENSE or https://opensource.org/licenses/MIT)

from __future__ import annotations

import getpass
import os
import socket
import time

from ansible.plugins.action import ActionBase


def start_of(pid):
    """When a process began, in clock ticks since boot, proc(5); None for one that is not there."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def first_line(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.readline().strip()
    except OSError:
        return ""


def pid_namespace():
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def machine():
    """This machine in this boot, and the pid namespace: a pid means nothing anywhere else, and the containers of a machine have the rest in common."""
    return "%s/%s/%s" % (first_line("/etc/machine-id"), first_line("/proc/sys/kernel/random/boot_id"), pid_namespace())


def whoami():
    """This run: the process of ansible-playbook, of which the one that runs an action is a child."""
    pid = os.getppid()
    return {
        "machine": machine(),
        "controller": socket.gethostname(),
        "user": getpass.getuser(),
        "pid": pid,
        "start": start_of(pid) or "",
    }


def is_gone(owner):
    """Whether the run that holds a lock can be seen to have ended: not on a controller without /proc."""
    start = owner.get("start")
    return bool(start) and owner.get("machine") == machine() and start_of(int(owner.get("pid", 0))) != start


class ActionModule(ActionBase):
    """Tells the host which run asks, and looks whether the run that is in its way is still there."""

    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        arguments = dict(self._task.args, owner=whoami())
        result = self._ask(arguments, task_vars)
        holder = result.get("held_by")
        if holder and is_gone(holder["owner"]):
            result = self._ask(dict(arguments, instead_of=holder["owner"]), task_vars)
            holder = result.get("held_by")
        if holder:
            owner = holder["owner"]
            since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(holder["since"]))
            result["failed"] = True
            result["msg"] = "another run has %s: %s@%s, process %s, since %s; wait for its end, or take it with -e holdfast_break_lock=true" % (
                arguments.get("name"),
                owner.get("user"),
                owner.get("controller"),
                owner.get("pid"),
                since,
            )
        return result

    def _ask(self, arguments, task_vars):
        return self._execute_module(
            module_name="holdfast.holdfast.fleet_run",
            module_args=arguments,
            task_vars=task_vars,
        )
