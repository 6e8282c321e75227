import assert from "node:assert/strict";
import { test } from "node:test";
import { sumUp } from "../../../src/cli/account/sum-up.js";
import type { StatusReport } from "../../../src/control/replies.js";
import type { AccountReport } from "../../../src/lib/account.js";
import { report } from "../control/fake-port.js";
import { startServer, until } from "../control/rig.js";
import { account, entry } from "./an-account.js";
import { startOnTerminal, whatStays } from "./on-terminal.js";
import { runCli, startCli } from "./run-cli.js";

/** Its phases up to one that goes on. */
function underWay(phases: number): AccountReport {
  const shown = account.phases.slice(0, phases + 1);
  return {
    ...account,
    startedAt: Date.now(),
    endedAt: null,
    verdict: null,
    phases: shown.map((one, index) => (index < phases ? one : { ...one, tookMs: null })),
  };
}

const [eighth] = report.generations;
assert.ok(eighth !== undefined);
const draining: StatusReport["generations"] = [
  { ...eighth, phase: "draining", proof: null },
  { ...eighth, id: 9, detail: "on probation, 1 min left" },
];

test("on a terminal an upgrade shows each phase with its time as it passes, and three lines of account when the old generation has ended", {
  timeout: 60_000,
}, async (t) => {
  const { socketPath, port } = await startServer(t);
  const cli = startOnTerminal(t, ["--socket", socketPath, "upgrade"]);
  await until(() => port.pending.has(12) && port.listeners.size === 1);
  port.report_ = { ...report, accounts: [underWay(1)] };
  port.tell({ message: "generation 9 from /srv/web", upgrade: 12, generation: 9 });
  await until(() => / {2}prepare +9 ms\n/.test(whatStays(cli.written())));
  // No news comes with it.
  port.report_ = { ...report, accounts: [underWay(2)] };
  await until(() => / {2}copy +0\.12 s\n/.test(whatStays(cli.written())));
  await until(() => /\d s trial/.test(cli.written()));
  port.report_ = { ...report, accounts: [underWay(3)], generations: draining };
  port.conclude(12);
  await until(() => /\d s generation 8 drains: /.test(cli.written()));
  assert.match(whatStays(cli.written()), / {2}trial +3 s\n.*generation 9 is active; upgrade took 0\.41 s\n/);
  port.report_ = { ...report, accounts: [underWay(4)] };
  assert.equal(await cli.ended, 0);
  const lines = whatStays(cli.written()).trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => line.replaceAll(/ {2,}/g, " ")),
    [
      "generation 9 from /srv/web",
      " prepare 9 ms",
      " copy 0.12 s",
      " trial 3 s",
      "generation 9 is active; upgrade took 0.41 s",
      " drain 1.1 s",
      "the old generation has ended",
      ...sumUp(account),
    ],
  );
});

test("on a terminal an upgrade that came to serve nobody ends without numbers of what it served", {
  timeout: 60_000,
}, async (t) => {
  const { socketPath, port } = await startServer(t);
  port.onSubmit = () => {
    const staged = {
      ...underWay(2),
      phases: [...underWay(2).phases.slice(0, 2), { phase: "staged", afterMs: 200, tookMs: null } as const],
    };
    port.report_ = { ...report, accounts: [staged] };
    port.conclude(12);
  };
  const cli = startOnTerminal(t, ["--socket", socketPath, "upgrade", "--stage"]);
  assert.equal(await cli.ended, 0);
  const text = whatStays(cli.written());
  assert.match(text, /^ {2}copy .*\n.*generation 9 stands by after/m);
  assert.doesNotMatch(text, /connections:/);
});

test("a commit tells the phases that pass from then on, and not those of the start long before", {
  timeout: 60_000,
}, async (t) => {
  const { socketPath, port } = await startServer(t);
  port.committed = 12;
  const long = 3_600_000;
  const phases = [
    { phase: "copy", afterMs: 0, tookMs: 120 },
    { phase: "staged", afterMs: 120, tookMs: long },
    { phase: "trial", afterMs: long + 120, tookMs: 3_000 },
  ] as const;
  port.onSubmit = () => {
    port.report_ = { ...report, accounts: [{ ...underWay(0), startedAt: Date.now() - long, phases }] };
    port.conclude(12);
  };
  const cli = startOnTerminal(t, ["--socket", socketPath, "commit"]);
  assert.equal(await cli.ended, 0);
  assert.match(whatStays(cli.written()), /^ {2}staged +1 h\n {2}trial +3 s\n.*generation 9 is kept/m);
  assert.doesNotMatch(cli.written(), /copy/);
});

test("what was rejected after its trial, while somebody looks on, is told", {
  timeout: 60_000,
}, async (t) => {
  const { socketPath, port } = await startServer(t);
  const failure = { reason: "probation-failed", message: "too many \x1b[2Jerrors" } as const;
  port.history_ = [{ ...entry, account: { ...account, verdict: { kind: "rejected", failure } } }];
  port.onSubmit = () => port.conclude(12);
  const cli = startOnTerminal(t, ["--socket", socketPath, "upgrade"]);
  assert.equal(await cli.ended, 0);
  assert.match(cli.written(), /\nand yet it was rejected since: too many \?\[2Jerrors\n$/);
});

test("--json tells each news, and at the end the outcome with its account, in lines", async (t) => {
  const { socketPath, port } = await startServer(t);
  const cli = startCli(["--socket", socketPath, "upgrade", "--json"]);
  await until(() => port.pending.has(12) && port.listeners.size === 1);
  port.history_ = [entry];
  port.tell({ event: "trial", message: "on \x1b[2Jtrial", upgrade: 12, generation: 9 });
  port.conclude(12);
  const { status, stdout, stderr } = await cli.ended;
  assert.deepEqual([status, stderr], [0, ""]);
  assert.ok(!stdout.includes("\x1b"));
  const [trial, done, end] = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const news = { event: "trial", level: "info", message: "on \x1b[2Jtrial", upgrade: 12, generation: 9 };
  assert.deepEqual(trial, { news });
  assert.equal(done.news.event, "upgrade-done");
  assert.deepEqual([end.outcome.upgrade, end.account], [12, account]);
});

test("--json of an upgrade that fails has the outcome with the reason, and the exit status is 1", async (t) => {
  const { socketPath, port } = await startServer(t);
  port.onSubmit = () => port.conclude(12, { reason: "worker-exited", message: "worker 9.1 exited" });
  const { status, stdout, stderr } = await runCli(["--socket", socketPath, "rollback", "--json"]);
  const end = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  assert.deepEqual([status, end.outcome.failure.reason, end.account], [1, "worker-exited", null]);
  assert.match(stderr, /failed: worker 9\.1 exited/);
});

test("--quiet says nothing of what goes well, and why something fails", async (t) => {
  const { socketPath, port } = await startServer(t);
  port.onSubmit = () => {
    port.tell({ message: "created", upgrade: port.nextUpgrade - 1 });
    port.conclude(port.nextUpgrade - 1);
  };
  for (const words of [["upgrade"], ["rollback"], ["upgrade", "--no-wait"], ["commit"]]) {
    const { status, stdout, stderr } = await runCli(["--socket", socketPath, ...words, "-q"]);
    assert.deepEqual([status, stdout, stderr], [0, "", ""], words.join(" "));
  }
  port.onSubmit = () =>
    port.conclude(port.nextUpgrade - 1, { reason: "worker-exited", message: "it exited" });
  const failed = await runCli(["--socket", socketPath, "upgrade", "--quiet"]);
  assert.deepEqual([failed.status, failed.stdout], [1, ""]);
  assert.match(failed.stderr, /it exited/);
});

test("what nobody waits for is a JSON line, too", async (t) => {
  const { socketPath, port } = await startServer(t);
  const asked = await runCli(["--socket", socketPath, "upgrade", "--no-wait", "--json"]);
  assert.deepEqual(JSON.parse(asked.stdout), { upgrade: 12 });
  port.committed = null;
  for (const words of [
    ["commit", "--json"],
    ["commit", "--json", "--no-wait"],
  ]) {
    const { status, stdout } = await runCli(["--socket", socketPath, ...words]);
    assert.equal(status, 0);
    const value = JSON.parse(stdout);
    assert.deepEqual(value, words.length === 2 ? { outcome: null, account: null } : { upgrade: null });
  }
});
