import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { journalMatches } from "../../../src/cli/journal-matches.js";
import { FakePort, report } from "../control/fake-port.js";
import { startServer, temporaryDirectory } from "../control/rig.js";
import { type Ran, runCli } from "./run-cli.js";

const from = 1_700_000_000_500;
const logger = { unit: "web.service", uid: undefined };

test("a unit alone has all that systemd has of it", () => {
  assert.deepEqual(journalMatches(logger, undefined), ["-u", "web.service"]);
});

test("of a generation what its processes wrote and the daemon's words are found in its time", () => {
  const matches = [
    "_SYSTEMD_UNIT=web.service",
    "HOLDFAST_GENERATION=3",
    "+",
    "_SYSTEMD_UNIT=web.service",
    "SYSLOG_IDENTIFIER=web/3",
    "+",
    "_SYSTEMD_USER_UNIT=web.service",
    "SYSLOG_IDENTIFIER=web/3",
  ];
  const generation = { name: "web", id: 3, from, to: from + 60_000 };
  assert.deepEqual(journalMatches(logger, generation), [
    "--since",
    "@1700000000",
    "--until",
    "@1700000062",
    ...matches,
  ]);
  assert.deepEqual(journalMatches(logger, { ...generation, to: null }), [
    "--since",
    "@1700000000",
    ...matches,
  ]);
  // Of a line whose process has gone journald may know no more than the user.
  assert.deepEqual(journalMatches({ ...logger, uid: 990 }, { ...generation, to: null }), [
    "--since",
    "@1700000000",
    ...matches,
    "+",
    "_UID=990",
    "SYSLOG_IDENTIFIER=web/3",
  ]);
});

/** Runs it with a journalctl that says what it was asked. */
async function logs(t: TestContext, args: readonly string[]): Promise<Ran> {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, "journalctl"), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
  const port = new FakePort();
  port.report_ = { ...report, unit: "web.service" };
  const common = {
    release: "/srv/web",
    version: null,
    commit: null,
    origin: null,
    note: "",
    returnable: false,
    rejected: false,
    wayBack: false,
  };
  port.history_ = [{ ...common, generation: 3, from, to: from + 60_000, end: "proved", account: null }];
  const { socketPath } = await startServer(t, { port });
  return runCli(["--socket", socketPath, "logs", ...args], { PATH: `${directory}:${process.env["PATH"]}` });
}

test("logs asks the journal for the unit, and follows it", async (t) => {
  assert.equal((await logs(t, [])).stdout, "-u web.service\n");
  assert.equal((await logs(t, ["-f"])).stdout, "-f -u web.service\n");
});

test("logs of a generation asks for what its processes wrote, and what the daemon told of it", async (t) => {
  const { status, stdout } = await logs(t, ["3"]);
  assert.equal(status, 0);
  assert.match(stdout, /HOLDFAST_GENERATION=3 \+ _SYSTEMD_UNIT=web\.service SYSLOG_IDENTIFIER=web\/3 /);
});

test("a generation that nobody knows, and what is no number, is said", async (t) => {
  assert.match((await logs(t, ["4"])).stderr, /no generation 4 is known/);
  assert.equal((await logs(t, ["last"])).status, 2);
});
