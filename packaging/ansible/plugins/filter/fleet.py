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

from ansible.errors import AnsibleFilterError

MOST_TOLD = 5


def sizes_of(total, serial):
    """How many hosts each batch has, as Ansible's own C(serial) says it: the last size counts for all batches that follow."""
    wanted = serial if isinstance(serial, (list, tuple)) else [serial]
    sizes = []
    while sum(sizes) < total:
        text = str(wanted[min(len(sizes), len(wanted) - 1)])
        try:
            size = int(total * float(text[:-1]) / 100) if text.endswith("%") else int(text)
        except ValueError as error:
            raise AnsibleFilterError("holdfast_serial: %r is neither a number nor a percentage" % text) from error
        sizes.append(min(max(size, 1), total - sum(sizes)))
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
    """Milliseconds from the first to the last of these times, in seconds since the epoch; None where there are none."""
    times = [hostvars[host].get(fact) for host in hosts]
    known = [float(one) for one in times if one is not None]
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
            "socket_units": socket_units,
            "with_fact": with_fact,
            "spread": spread,
            "verdict": verdict,
            "list_failures": list_failures,
        }
