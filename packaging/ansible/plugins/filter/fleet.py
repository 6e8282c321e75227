# -*- coding: utf-8 -*-
# Copyright (c) 2026 The Holdfast authors
# MIT License (see LICENSE or https://opensource.org/licenses/MIT)

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet
short_description: The batches of a roll, and how they went
version_added: "0.1.0"
author:
  - The Holdfast authors (@holdfast)
description: For the playbooks of this collection.
options:
  _input:
    description: The hosts, in the order in which they are rolled.
    type: list
    elements: str
    required: true
"""

import math
import re
import time

from ansible.errors import AnsibleFilterError
from ansible_collections.holdfast.holdfast.plugins.module_utils.daemon import Refused, seconds_of

MOST_TOLD = 5


def size_of(total, wanted):
    text = str(wanted)
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%|(\d+)", text)
    percent, number = found.groups() if found else (None, None)
    if float(percent or number or 0) <= 0:
        raise AnsibleFilterError("holdfast_serial: %s is neither a number of hosts nor a percentage" % (text or "''"))
    return max(int(number) if number else int(total * float(percent) / 100), 1)


def sizes_of(total, serial):
    """How many hosts each batch has, as Ansible's own C(serial) says it: the last size counts for all batches that follow."""
    wanted = [size_of(total, one) for one in (serial if isinstance(serial, (list, tuple)) else [serial])]
    if not wanted:
        raise AnsibleFilterError("holdfast_serial: [] has no batch")
    sizes, left = [], total
    while left > 0:
        sizes.append(min(wanted[min(len(sizes), len(wanted) - 1)], left))
        left -= sizes[-1]
    return sizes


def batch_count(hosts, serial):
    return len(sizes_of(len(hosts), serial))


def batch_of(hosts, host, serial):
    """The number of the batch, from 0, that a host is in; -1: in none."""
    if host not in hosts:
        return -1
    place = list(hosts).index(host)
    for number, size in enumerate(sizes_of(len(hosts), serial)):
        if place < size:
            return number
        place -= size
    return -1


def lock_age(hosts, hostvars, forks, waits, least):
    """Seconds that a lock is good for: twice what a run may take from one renewal to the next, with the seconds that it waits, and not less than the least."""
    try:
        timeout = max(seconds_of(str(hostvars[host].get("holdfast_timeout", "10m"))) for host in hosts)
    except Refused as refused:
        raise AnsibleFilterError("holdfast_timeout: %s" % refused) from refused
    longest = math.ceil(len(hosts) / int(forks)) * timeout + float(waits)
    return max(int(least), math.ceil(2 * longest))


def still_to_come(moment):
    """A moment, in seconds since the epoch; it fails where that has passed."""
    late = time.time() - float(moment)
    if late > 0:
        raise AnsibleFilterError("its turn came %.1f s after the moment of the commit: holdfast_commit_in has to be longer" % late)
    return moment


def strays(hosts, hostvars):
    """The hosts that have another release than the first host that was to have the same, each with the reason."""
    first, found = {}, []
    for host in hosts:
        given = hostvars[host].get("holdfast_given")
        if not given or hostvars[host].get("holdfast_roll_result") not in ("done", "staged"):
            continue
        other, theirs = first.setdefault(given["asked"], (host, given))
        if given["name"] != theirs["name"]:
            found.append({"host": host, "why": "it has got %s, and %s %s: what holdfast_release names has changed" % (given["name"], other, theirs["name"])})
        elif given["contents"] and theirs["contents"] and given["contents"] != theirs["contents"]:
            why = "what is called %s there is not what it is on %s: what holdfast_release names has changed, or a release of that name was there already"
            found.append({"host": host, "why": why % (given["name"], other)})
    return found


def failures(hosts, hostvars, batch=None):
    """The hosts on which the run did not come to its end, each with the reason; of one batch, or of all that were begun."""
    found = []
    for host in hosts:
        facts = hostvars[host]
        if batch is not None and int(facts.get("holdfast_batch", -1)) != int(batch):
            continue
        result = facts.get("holdfast_roll_result", "waiting")
        if result in ("done", "waiting") and not (result == "waiting" and batch is not None):
            continue
        lost = "it cannot be reached any more, or was not in time"
        found.append({"host": host, "why": facts.get("holdfast_roll_failure", lost) if result == "failed" else lost})
    return found


def with_fact(hosts, hostvars, fact, value=True):
    """The hosts whose fact has that value, as text: Ansible makes texts of numbers."""
    return [host for host in hosts if str(hostvars[host].get(fact)) == str(value)]


def spread(hosts, hostvars, fact="holdfast_committed_at"):
    """Milliseconds from the first to the last of these times, in seconds since the epoch; None where there are none. Ansible makes a text of None."""
    times = [hostvars[host].get(fact) for host in hosts]
    known = [float(one) for one in times if one not in (None, "")]
    return round((max(known) - min(known)) * 1000) if known else None


def list_failures(found):
    """Where it failed, and why."""
    return "; ".join("%(host)s: %(why)s" % one for one in found)


def verdict(hosts, hostvars, reason, left_out, go_back):
    """What failed, where, and what serves now; nothing where every host has the new version. An empty reason: the run has not stopped."""
    taken = [host for host in hosts if (hostvars[host].get("holdfast_closed") or {}).get("held_by")]
    done = ", ".join(host for host in with_fact(hosts, hostvars, "holdfast_roll_result", "done") if host not in taken) or "none"
    if reason and not go_back:
        return "the run has stopped: %s; on the new version: %s" % (reason, done)
    back = with_fact(hosts, hostvars, "holdfast_roll_back", "back")
    if reason:
        waiting = with_fact(hosts, hostvars, "holdfast_roll_result", "waiting")
        away = [host for host in hosts if host not in back and host not in waiting]
        return "the run has stopped: %s; went back: %s%s" % (reason, ", ".join(back) or "none", say_away(away, hostvars))
    missing = failures(hosts, hostvars)
    away = [one["host"] for one in missing if go_back and one["host"] not in back]
    missing += [{"host": host, "why": hostvars[host]["holdfast_closed"].get("msg")} for host in taken]
    missing += [{"host": host, "why": "it could not be reached"} for host in left_out]
    return "on the new version: %s; not on it: %s%s" % (done, list_failures(missing), say_away(away, hostvars)) if missing else ""


def say_away(hosts, hostvars):
    """The hosts that are not as they were before the run, each with the reason where there is one."""
    reasons = [(host, hostvars[host].get("holdfast_roll_back")) for host in hosts]
    return "; NOT back: %s" % ", ".join("%s (%s)" % one if one[1] else one[0] for one in reasons) if hosts else ""


def gate_refusal(answer):
    """Why an answer of Prometheus's to an instant query, as C(ansible.builtin.uri) has it, is no leave to go on; nothing where it is."""
    said = answer.get("json")
    if not isinstance(said, dict):
        return "cannot be asked: %s" % (answer.get("msg") or "%s says nothing that Prometheus would" % answer.get("url"))
    if said.get("status") != "success":
        return "cannot be asked: Prometheus says: %s" % (said.get("error") or answer.get("msg"))
    data = said.get("data", {})
    if data.get("resultType") not in ("vector", "scalar"):
        return "cannot be asked: the query gives a %s, and it has to give a number for each moment" % data.get("resultType")
    samples = data["result"] if data["resultType"] == "vector" else [{"metric": {}, "value": data["result"]}]
    if not samples:
        return "says no: the query has no result"
    bad = [one for one in samples if float(one["value"][1]) == 0 or math.isnan(float(one["value"][1]))]
    more = ", and %d more" % (len(bad) - MOST_TOLD) if len(bad) > MOST_TOLD else ""
    return "says no: %s%s" % (", ".join(tell_sample(one) for one in bad[:MOST_TOLD]), more) if bad else ""


def tell_sample(sample):
    labels = ",".join('%s="%s"' % label for label in sorted(sample["metric"].items()))
    return "%s is %s" % ("{%s}" % labels if labels else "the result", sample["value"][1])


def socket_units(sockets, unit):
    """The socket units of a service, as C(holdfast init) names them: the first has the service's own name."""
    base = unit[: -len(".service")] if unit.endswith(".service") else unit
    units = []
    for number, (listener, address) in enumerate(sockets.items()):
        kind, place = "ListenStream", str(address)
        for prefix, meant in (("udp:", "ListenDatagram"), ("unix:", "ListenStream")):
            if place.startswith(prefix):
                kind, place = meant, place[len(prefix) :]
        name = base if number == 0 else "%s-%s" % (base.replace("@", "-"), listener)
        units.append(
            {
                "unit": "%s.socket" % name,
                "listener": listener,
                "kind": kind,
                "place": place.replace("%", "%%"),
                "first": number == 0,
            }
        )
    return units


class FilterModule:
    def filters(self):
        return {
            "batch_count": batch_count,
            "batch_of": batch_of,
            "failures": failures,
            "gate_refusal": gate_refusal,
            "lock_age": lock_age,
            "socket_units": socket_units,
            "with_fact": with_fact,
            "spread": spread,
            "still_to_come": still_to_come,
            "strays": strays,
            "verdict": verdict,
            "list_failures": list_failures,
        }
