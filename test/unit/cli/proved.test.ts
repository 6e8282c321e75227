import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelFailure } from "../../../src/model/failure.js";
import { FakePort, report } from "../control/fake-port.js";
import { startServer, until } from "../control/rig.js";
import { runCli, startCli } from "./run-cli.js";

const dies: ModelFailure = {
  reason: "probation-failed",
  message: "generation 9 was on probation: a worker died",
};

test("--proved waits until the version has proved itself, and tells each phase", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  const cli = startCli(["--socket", socket, "upgrade", "--proved"]);
  await until(() => port.listeners.size === 1 && port.pending.has(12));
  port.tell({
    event: "generation-created",
    message: "generation 9 from /srv/web",
    upgrade: 12,
    generation: 9,
  });
  port.tell({ event: "trial", message: "generation 9 is on trial for 3 s", generation: 9 });
  port.tell({ event: "probation", message: "generation 9 is on probation for 1 min", generation: 9 });
  port.conclude(12);
  await until(() => cli.stdout().includes("on probation"));
  port.pronounce(12, { kind: "proved" }, { event: "generation-proved", message: "it has", generation: 9 });
  const { status, stdout, stderr } = await cli.ended;
  assert.deepEqual([status, stderr], [0, ""]);
  assert.deepEqual(stdout.trimEnd().split("\n"), [
    "generation 9 from /srv/web",
    "generation 9 is on trial for 3 s",
    "generation 9 is on probation for 1 min",
    "generation 9 has proved itself; upgrade took 0.41 s",
  ]);
});

test("--proved exits 1 when the version is rejected, after the way back", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  const [eighth] = report.generations;
  assert.ok(eighth !== undefined);
  port.report_ = {
    ...report,
    generations: [{ ...eighth, id: 9 }],
    upgrade: { id: 13, generation: null },
  };
  port.pending.add(13);
  const cli = startCli(["--socket", socket, "upgrade", "--proved"]);
  await until(() => port.listeners.size === 1 && port.pending.has(12));
  port.conclude(12);
  port.pronounce(12, { kind: "rejected", failure: dies });
  // The stream of the way back.
  await until(() => port.listeners.size === 1);
  port.report_ = { ...report, rolledBack: { from: 9, to: 10, failure: dies } };
  port.tell({ message: "generation 10 is verified", upgrade: 13 });
  port.conclude(13);
  const { status, stdout, stderr } = await cli.ended;
  assert.equal(status, 1);
  assert.match(stdout, /^generation 10 is verified$/m);
  assert.match(
    stderr,
    /^holdfast: upgrade to generation 9 failed: generation 9 was on probation: a worker died; rolled back to generation 10\n/,
  );
});

test("--proved exits 1 when a version is rejected and serves on, or is replaced", async (context) => {
  for (const [verdict, said] of [
    [{ kind: "rejected", failure: dies }, /a worker died; serving generation 8\n/],
    [{ kind: "replaced" }, /generation 9 was replaced, or told to drain, before it had proved itself/],
  ] as const) {
    const { socketPath: socket, port } = await startServer(context);
    port.onSubmit = () => {
      port.conclude(12);
      port.pronounce(12, verdict);
    };
    const { status, stderr } = await runCli(["--socket", socket, "upgrade", "--proved"]);
    assert.equal(status, 1);
    assert.match(stderr, said);
  }
});

test("--proved goes on over the death of a daemon in the middle of a probation", async (context) => {
  const first = await startServer(context);
  const cli = startCli(["--socket", first.socketPath, "upgrade", "--proved"]);
  await until(() => first.port.listeners.size === 1 && first.port.pending.has(12));
  first.port.conclude(12);
  await first.close();
  await until(() => cli.stdout().includes("the next daemon is asked"));
  const port = new FakePort();
  port.conclude(12);
  await startServer(context, { socketPath: first.socketPath, port });
  await until(() => port.listeners.size === 1);
  port.pronounce(12, { kind: "proved" });
  const { status, stdout } = await cli.ended;
  assert.equal(status, 0);
  assert.match(stdout, /generation 9 has proved itself/);
});

test("--timeout holds for a probation, too", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  port.onSubmit = () => port.conclude(12);
  const { status, stderr } = await runCli(["--socket", socket, "upgrade", "--proved", "--timeout", "2s"]);
  assert.equal(status, 1);
  assert.match(stderr, /not done within 2 s: upgrade 12 goes on/);
});

test("a version that stands by is not called active", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  port.onSubmit = () => port.conclude(12);
  const { status, stdout } = await runCli(["--socket", socket, "upgrade", "--stage"]);
  assert.deepEqual(
    [status, stdout],
    [0, "generation 9 stands by after 0.41 s; `holdfast commit` lets it serve\n"],
  );
});

test("a commit is followed to the end of the trial, and with --proved of the probation", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  port.committed = 14;
  const done = startCli(["--socket", socket, "commit"]);
  await until(() => port.listeners.size === 1);
  port.tell({ event: "trial", message: "generation 9 is on trial for 3 s", upgrade: 14 });
  port.conclude(14);
  assert.deepEqual(
    [(await done.ended).status, done.stdout()],
    [0, "generation 9 is on trial for 3 s\ngeneration 9 is kept; the one before it drains\n"],
  );
  const proved = startCli(["--socket", socket, "commit", "--proved"]);
  await until(() => port.listeners.size === 1);
  port.pronounce(14, { kind: "proved" });
  assert.equal((await proved.ended).status, 0);
  assert.match(proved.stdout(), /generation 9 has proved itself/);
  port.outcomes.clear();
  const failed = startCli(["--socket", socket, "commit"]);
  await until(() => port.listeners.size === 1);
  port.conclude(14, { reason: "trial-failed", message: "generation 9 was on trial: a worker died" });
  const { status, stderr } = await failed.ended;
  assert.equal(status, 1);
  assert.match(stderr, /upgrade to generation 9 failed: .* a worker died; still serving generation 8/);
});

test("a commit does not wait where it is told not to, or there is nothing to wait for", async (context) => {
  const { socketPath: socket, port } = await startServer(context);
  const kept = await runCli(["--socket", socket, "commit"]);
  assert.deepEqual([kept.status, kept.stdout], [0, "the new generation is kept; the one before it drains\n"]);
  const unknown = await runCli(["--socket", socket, "commit", "--proved"]);
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /the daemon does not know its upgrade any more/);
  port.committed = 14;
  const asked = await runCli(["--socket", socket, "commit", "--no-wait"]);
  assert.deepEqual([asked.status, asked.stdout], [0, "upgrade 14 asked for\n"]);
});
