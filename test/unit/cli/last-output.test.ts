import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { explainOutput } from "../../../src/cli/explain-output.js";
import { report } from "../control/fake-port.js";
import { startServer, until } from "../control/rig.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";
import { runCli, startCli } from "./run-cli.js";

/** A journal that has these lines, and the file that gets what was asked of it. */
function fakeJournal(context: TestContext, ...lines: readonly string[]) {
  const directory = temporaryDirectory(context);
  const asked = join(directory, "asked");
  const program = join(directory, "journalctl");
  const print = lines.map((line) => `echo '${line}'`).join("; ");
  writeFileSync(program, `#!/bin/sh\necho "$@" >> ${asked}\ncase $1 in --sync) ;; *) ${print} ;; esac\n`);
  chmodSync(program, 0o755);
  return { env: { PATH: `${directory}:${process.env["PATH"]}` }, asked };
}

const inUnit = { ...report, unit: "web.service" };
const died = {
  reason: "worker-exited",
  message: "worker 9.0 exited with status 1 before it was ready",
} as const;

test("a worker's last lines stand under the failure, and say what they mean here", async (context) => {
  const { socketPath, port } = await startServer(context);
  port.report_ = inUnit;
  const { env, asked } = fakeJournal(context, "Error: listen EADDRINUSE: address already in use :::8080");
  const cli = startCli(["--socket", socketPath, "upgrade"], env);
  await until(() => port.listeners.size === 1 && port.pending.has(12));
  port.conclude(12, died);
  const { status, stderr } = await cli.ended;
  assert.equal(status, 1);
  const [what, heading, line, meaning, where] = stderr.split("\n");
  assert.match(what ?? "", /failed: worker 9\.0 exited with status 1 before it was ready; still serving/);
  assert.equal(heading, "the last lines of generation 9:");
  assert.equal(line, "  Error: listen EADDRINUSE: address already in use :::8080");
  assert.match(meaning ?? "", /^the app opens .*:8080 itself, which is open already as the listener http/);
  assert.match(where ?? "", /journalctl -u web\.service -t web\/9$/);
  assert.match(
    readFileSync(asked, "utf8"),
    /--lines=30 _SYSTEMD_UNIT=web\.service SYSLOG_IDENTIFIER=web\/9 \+/,
  );
});

test("in a reload the reason is one line: the worker's are in the journal above it", async (context) => {
  const { socketPath, port } = await startServer(context);
  port.report_ = inUnit;
  const { env, asked } = fakeJournal(context, "boom");
  const cli = startCli(["--socket", socketPath, "upgrade"], { ...env, MAINPID: "1" });
  await until(() => port.listeners.size === 1 && port.pending.has(12));
  port.conclude(12, died);
  const { stderr } = await cli.ended;
  assert.equal(stderr.trimEnd().split("\n").length, 1);
  assert.equal(existsSync(asked), false);
});

test("status has them too, after a failed upgrade and no other", async (context) => {
  const { socketPath, port } = await startServer(context);
  const { env, asked } = fakeJournal(context, "boom \x1b[2J");
  const lastUpgrade = {
    upgrade: 12,
    kind: "upgrade",
    generation: 9,
    endedAt: 0,
    tookMs: 5,
    verdict: null,
    asked: null,
  } as const;
  port.report_ = { ...inUnit, lastUpgrade: { ...lastUpgrade, failure: died } };
  const { stdout } = await runCli(["--socket", socketPath, "status"], env);
  assert.match(stdout, /\n\nthe last lines of generation 9:\n {2}boom \?\[2J\n$/);
  writeFileSync(asked, "");
  port.report_ = { ...inUnit, lastUpgrade: { ...lastUpgrade, failure: null } };
  assert.doesNotMatch((await runCli(["--socket", socketPath, "status"], env)).stdout, /boom/);
  assert.equal(readFileSync(asked, "utf8"), "");
});

const listeners = [
  { name: "http", address: "127.0.0.1:3000" },
  { name: "admin", address: "unix:/run/web/admin.sock" },
];

for (const [line, meaning] of [
  ["Error: listen EADDRINUSE: address already in use :::3000", /as the listener http/],
  ["OSError: [Errno 98] Address already in use: ('0.0.0.0', 3000)", /the app opens a port itself/],
  ["nginx: [emerg] bind() to 0.0.0.0:3000 failed (98: Unknown error)", /as the listener http/],
  ["listen EADDRINUSE: address already in use /run/web/admin.sock", /as the listener admin/],
  ["listen tcp :30001: bind: address already in use", /declare it as a further listener/],
] as const) {
  test(`${line}: what that means`, () => assert.match(explainOutput(["x", line], listeners) ?? "", meaning));
}

test("what speaks for itself is not explained", () => {
  assert.equal(explainOutput(["Error: Cannot find module 'express'", "port 3000"], listeners), undefined);
});
