import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { currentJob, readJob } from "../../../src/systemd/job.js";
import { watchdogIntervalMs } from "../../../src/systemd/watchdog.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";

function printed(...jobs: [unit: string, type: string][]): string {
  const rows = jobs.map(([unit, type], id) => [id, unit, type, "running", `/j/${id}`, `/u/${id}`]);
  return JSON.stringify({ type: "a(usssoo)", data: [rows] });
}

test("the unit's own job is told from those of others", () => {
  const json = printed(["a.service", "start"], ["web.service", "restart"], ["b.service", "stop"]);
  assert.equal(readJob(json, "web.service"), "restart");
  assert.equal(readJob(json, "b.service"), "stop");
  assert.equal(readJob(json, "c.service"), "none");
  assert.equal(readJob(printed(), "web.service"), "none");
  assert.equal(readJob(printed(["web.service", "try-restart"]), "web.service"), "restart");
  assert.equal(readJob(printed(["web.service", "nop"]), "web.service"), "other");
});

test("what is not a list of jobs is unknown, never a job", () => {
  for (const json of ["", "[]", "null", "{}", '{"data":[[["web.service","stop"]]]}', '{"data":[]}', "{"]) {
    assert.equal(readJob(json, "web.service"), "unknown");
  }
  fc.assert(fc.property(fc.json(), (json) => readJob(json, "web.service") === "unknown"));
});

/** Puts a program called busctl first in PATH. */
function replaceBusctl(t: TestContext, script: string): void {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, "busctl"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, "busctl"), 0o755);
  const path = process.env["PATH"] ?? "";
  process.env["PATH"] = `${directory}:${path}`;
  t.after(() => {
    process.env["PATH"] = path;
  });
}

test("one call to busctl answers", { timeout: 10_000 }, async (t) => {
  replaceBusctl(t, `echo '${printed(["web.service", "stop"])}'`);
  assert.equal(await currentJob("web.service"), "stop");
});

test("a busctl that fails, prints nothing or never ends leaves the job unknown", {
  timeout: 20_000,
}, async (t) => {
  for (const script of ["exit 1", "exit 0", "exec sleep 60"]) {
    replaceBusctl(t, script);
    assert.equal(await currentJob("web.service"), "unknown");
  }
});

test("the watchdog is served at half its time, and only when it is meant for this process", () => {
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "17" }, 17), 15_000);
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: "30000000" }, 17), 15_000);
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "18" }, 17), undefined);
  for (const WATCHDOG_USEC of ["", "0", "-5", "x", "1e6", "18446744073709551615"]) {
    assert.equal(watchdogIntervalMs({ WATCHDOG_USEC }, 17), undefined);
  }
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: "9007199254740991" }, 17), 2 ** 31 - 1);
});

test("busctl cannot speak to the manager in this service's name", { timeout: 10_000 }, async (t) => {
  process.env["NOTIFY_SOCKET"] = "/nowhere";
  t.after(() => delete process.env["NOTIFY_SOCKET"]);
  replaceBusctl(t, `test -z "$NOTIFY_SOCKET" && echo '${printed(["web.service", "stop"])}'`);
  assert.equal(await currentJob("web.service"), "stop");
});
