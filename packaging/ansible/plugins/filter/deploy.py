# -*- coding: utf-8 -*-
# Copyright (c) 2026 The Holdfast authors
# MIT License (see LICENSE or https://opensource.org/licenses/MIT)

from __future__ import annotations

DOCUMENTATION = r"""
name: deploy
short_description: Why something cannot be deployed, and which image a name means
version_added: "0.1.0"
author:
  - The Holdfast authors (@holdfast)
description: For the roles of this collection.
options:
  _input:
    description: The result of the task that has failed, or what C(podman image inspect) says.
    type: raw
    required: true
"""

import json
import re

SAYS_WHY = ("holdfast: ", "Error: ", "error: ", "fatal: ", "E: ", "tar: ")


# Of the config itself, whatever was there before.
ALWAYS_TOLD = ("config", "missing", "access")
# Their messages have numbers that change from one look to the next.
COUNTED = ("open-files", "stalled")


def without_secret(text):
    """An address in it is without who asks there."""
    return re.sub(r"//[^/@\s]*@", "//", text)


def problems_of(said):
    instances = json.loads(said or "{}").get("instances", [])
    return [one for instance in instances for one in instance["findings"] if one["level"] == "problem"]


def new_problems(said, before, candidate, file):
    """What the doctor finds with the config in the candidate, and did not find before with that in the file."""
    found = [dict(one, message=one["message"].replace(candidate, file)) for one in problems_of(said)]
    known = [one for one in problems_of(before) if one["check"] not in ALWAYS_TOLD]
    return [
        one
        for one in found
        if not any(one["check"] == other["check"] and (one["check"] in COUNTED or one["message"] == other["message"]) for other in known)
    ]


def reason(result, task):
    """Why a task has failed, in one line: a command's own words, where Ansible says only that it has failed."""
    failed = next((one for one in result.get("results", []) if one.get("failed")), result)
    message = " ".join(str(failed.get("msg") or "").split())
    lines = [line.strip() for line in str(failed.get("stderr") or "").splitlines() if line.strip()]
    told = [line for start in SAYS_WHY for line in lines if line.startswith(start)] + lines[-1:]
    why = re.sub(r"^(holdfast|Error): ", "", told[0]) if told else ""
    said = "" if message == "non-zero return code" else message
    return without_secret(": ".join(part for part in (said, "" if why in said else why) if part) or task)


def image_by_digest(inspected, name):
    """An image as a registry knows it for good; by its id where it is of none, by its name where it is not there."""
    if not inspected:
        return name
    image = inspected[0]
    ours = re.sub(r"(:[^:/@]*)?(@.*)?$", "", name)
    known = [one for one in image.get("RepoDigests") or [] if one.endswith("@%s" % image.get("Digest"))]
    return next((one for one in known if one.startswith("%s@" % ours)), known[0] if known else image["Id"])


def short_image(image):
    """The last part of its name, and the begin of its digest, as in C(web@4b1c4d3a6f0e)."""
    name, dummy, digest = image.rpartition("/")[2].partition("@sha256:")
    return "%s@%s" % (name, digest[:12]) if digest else name[:12]


def lines_of(found):
    """What C(grep -H) has found in units, by the units' names."""
    units = {}
    for path, dummy, line in (one.partition(":") for one in found.splitlines()):
        units.setdefault(path.rpartition("/")[2], set()).add(line)
    return units


def sockets_of(found, unit):
    """The socket units that this role, or C(holdfast init), has written for the service besides its first."""
    base = unit.removesuffix(".service").replace("@", "-")
    return sorted(
        name
        for name, lines in lines_of(found).items()
        if "Service=%s" % unit in lines and any("%s-%s.socket" % (base, line.partition("=")[2]) == name for line in lines)
    )


def sockets_in_the_way(found, wanted, left, states):
    """Why the socket units cannot be as they are to be, as long as the service runs; its state is the first, theirs follow."""
    if not states or states[0] in ("inactive", "failed", "unknown"):
        return []
    there = lines_of(found)
    active = dict(zip([one["unit"] for one in wanted] + left, [state == "active" for state in states[1:]]))
    why = []
    for one in wanted:
        lines = {"%(kind)s=%(place)s" % one, "FileDescriptorName=%(listener)s" % one}
        if not active[one["unit"]]:
            why.append("%s does not listen, and systemd starts no socket of a service that runs" % one["unit"])
        elif not lines <= there.get(one["unit"], set()):
            why.append("%s is another one, and keeps its address as long as the service runs" % one["unit"])
    return why + ["%s is of no listener in holdfast_sockets, and listens as long as the service runs" % unit for unit in left if active[unit]]


def named(paths, names):
    """Those of the paths whose last part is one of the names."""
    return [path for path in paths if path.rpartition("/")[2] in names]


class FilterModule:
    def filters(self):
        return {
            "reason": reason,
            "without_secret": without_secret,
            "new_problems": new_problems,
            "image_by_digest": image_by_digest,
            "short_image": short_image,
            "sockets_of": sockets_of,
            "sockets_in_the_way": sockets_in_the_way,
            "named": named,
        }
