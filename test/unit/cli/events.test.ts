import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { timeFor } from "../../../src/cli/follow-journal.js";
import { formatEvent } from "../../../src/cli/format-event.js";
import { readJournalEntry } from "../../../src/cli/journal-entry.js";
import { report } from "../control/fake-port.js";
import { startServer, temporaryDirectory, until } from "../control/rig.js";
import { runCli, startCli } from "./run-cli.js";

const at = new Date(2026, 0, 31, 12, 0, 5).getTime();
const plain = { paint: (_: string, text: string) => text, width: 60 };

test("an event has its time, its level, whose it is and all of its text in columns, with its day when that is another", () => {
  const news = {
    event: "x",
    level: "warning",
    message: "worker 9.1 died",
    generation: 9,
    worker: "9.1",
  } as const;
  assert.deepEqual(formatEvent({ at, news }, plain, "2026-01-31"), [
    "12:00:05  warning  9.1    worker 9.1 died",
  ]);
  const long = "a text that is longer than its line\nand has a second\x1b[2J line";
  const info = { event: "x", level: "info", message: long, generation: 12 } as const;
  assert.deepEqual(formatEvent({ at, news: info }, plain, "2026-02-01"), [
    "2026-01-31 12:00:05  info     12     a text that is longer",
    "                                     than its line",
    "                                     and has a second [2J",
    "                                     line",
  ]);
  assert.deepEqual(formatEvent({ at, news }, plain, "2026-01-31", 19), [
    "           12:00:05  warning  9.1    worker 9.1 died",
  ]);
});

test("an entry of the journal is read with its fields, and what the daemon did not say is none", () => {
  const fields = {
    __REALTIME_TIMESTAMP: "1700000000123456",
    PRIORITY: "4",
    HOLDFAST_EVENT: "worker-crashed",
  };
  const bytes = [...Buffer.from("a\x1bb")];
  const text = JSON.stringify({
    ...fields,
    MESSAGE: bytes,
    HOLDFAST_GENERATION: "9",
    HOLDFAST_WORKER: ["9.1", "x"],
  });
  assert.deepEqual(readJournalEntry(text), {
    at: 1_700_000_000_123.456,
    news: { event: "worker-crashed", level: "warning", message: "a\x1bb", generation: 9, worker: "9.1" },
  });
  const { HOLDFAST_EVENT, ...foreign } = { ...fields, MESSAGE: "x" };
  for (const one of [JSON.stringify(foreign), "-- No entries --", "{", "null", "3"]) {
    assert.equal(readJournalEntry(one), undefined, one);
  }
});

test("times are given to each journalctl as it understands them", () => {
  assert.deepEqual(
    ["1h", "10min", "1h 30min", "2 d", "2 hours ago", "-1h", "yesterday", "2026-01-31 12:00"].map(timeFor),
    ["-1h", "-10min", "-1h 30min", "-2 d", "2 hours ago", "-1h", "yesterday", "2026-01-31 12:00"],
  );
  assert.equal(timeFor("2026-01-31T12:00:00Z"), "@1769860800");
  assert.equal(timeFor("2026-01-31T12:00:00.5+01:00"), "@1769857200");
});

/** A journalctl that prints what is in a file, and with --follow waits for more. */
function fakeJournal(t: TestContext, script: string) {
  const directory = temporaryDirectory(t);
  const entries = join(directory, "entries");
  writeFileSync(join(directory, "journalctl"), `#!/bin/sh\n${script.replaceAll("ENTRIES", entries)}\n`, {
    mode: 0o755,
  });
  return { entries, env: { PATH: `${directory}:${process.env["PATH"]}` } };
}

const line = (second: number, message: string): string => {
  const time = String((1_700_000_000 + second) * 1_000_000);
  const fields = { __REALTIME_TIMESTAMP: time, PRIORITY: "6", HOLDFAST_EVENT: "test", MESSAGE: message };
  return `${JSON.stringify(fields)}\n`;
};

test("--since tells what has happened before and goes on, each of it once, over the death of the daemon, too", async (t) => {
  const { socketPath, port, close } = await startServer(t);
  port.report_ = { ...report, unit: "web.service" };
  const script =
    'echo "$@" >> ENTRIES.asked; case "$*" in *--follow*) exec tail -n +1 -f ENTRIES ;; *) head -n 1 ENTRIES ;; esac';
  const { env, entries } = fakeJournal(t, script);
  writeFileSync(entries, line(1, "one") + line(2, "two"));
  const cli = startCli(["--socket", socketPath, "events", "--since", "1h", "--json"], env);
  await until(() => cli.stdout().includes("two"));
  await close();
  writeFileSync(entries, line(3, "three"), { flag: "a" });
  await until(() => cli.stdout().includes("three"));
  cli.interrupt("SIGTERM");
  const { stdout } = await cli.ended;
  const told = stdout
    .trimEnd()
    .split("\n")
    .map((one) => JSON.parse(one));
  assert.deepEqual(
    told.map(({ at: when, message }) => [when, message]),
    [
      [1_700_000_001_000, "one"],
      [1_700_000_002_000, "two"],
      [1_700_000_003_000, "three"],
    ],
  );
});

for (const [what, script, status, said] of [
  [
    "a journal that has nothing of the daemon",
    "exit 0",
    1,
    /the journal has nothing .* `holdfast events` without/s,
  ],
  ["a journalctl that fails", "exit 1", 1, /journalctl is not there, or has failed/],
  [
    "a time that journalctl does not know",
    'case "$*" in *--follow*) echo "Failed to parse timestamp: x" >&2; exit 1 ;; *) echo {} ;; esac',
    2,
    /--since: "3x" is no time; write one like 1h, 10min/,
  ],
] as const) {
  test(`${what} is told with what to do`, async (t) => {
    const { socketPath, port } = await startServer(t);
    port.report_ = { ...report, unit: "web.service" };
    const { env } = fakeJournal(t, script);
    const ran = await runCli(["--socket", socketPath, "events", "--since", "3x"], env);
    assert.deepEqual([ran.status, ran.stdout], [status, ""]);
    assert.match(ran.stderr, said);
  });
}

test("a daemon that is no unit has no journal, and that is told with what to do", async (t) => {
  const { socketPath } = await startServer(t);
  const { status, stderr } = await runCli(["--socket", socketPath, "events", "--since", "1h"]);
  assert.equal(status, 1);
  assert.match(stderr, /no unit of systemd's.*`holdfast events` without --since/s);
});

test("events are in columns, and no text of theirs steers a terminal", async (t) => {
  const { socketPath, port } = await startServer(t);
  const cli = startCli(["--socket", socketPath, "events"]);
  await until(() => port.listeners.size === 1);
  port.tell({ message: "worker 9.1 says \x1b[2J", level: "error", generation: 9, worker: "9.1" });
  await until(() => cli.stdout().includes("worker"));
  cli.interrupt("SIGTERM");
  assert.match((await cli.ended).stdout, /^\d\d:\d\d:\d\d {2}error {4}9\.1 {4}worker 9\.1 says {2}\[2J$/m);
});
