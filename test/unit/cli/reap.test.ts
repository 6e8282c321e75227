import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { bootId } from "../../../src/linux/boot.js";
import { startTimeOf } from "../../../src/linux/pidfd.js";
import type { Process } from "../../../src/model/generation-state.js";
import { initialState } from "../../../src/model/state.js";
import { encodeRecord } from "../../../src/state/encode.js";
import type { StateRecord } from "../../../src/state/record.js";
import { writeStateFile } from "../../../src/state/state-file.js";
import { temporaryDirectory } from "../control/rig.js";
import { specify } from "../model/sample.js";
import { runCli } from "./run-cli.js";

/** A worker that a daemon has left behind, and the state directory that names it as given. */
async function leaveWorker(context: TestContext, change: Partial<Process & { boot: string }> = {}) {
  const child = spawn("/bin/sh", ["-c", "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done"]);
  context.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const pid = child.pid ?? 0;
  const { boot = bootId() ?? "", ...process } = {
    pid,
    startTime: startTimeOf(pid) ?? null,
    ...change,
  };
  const state = temporaryDirectory(context);
  const worker = {
    index: 0,
    crashes: 0,
    native: false,
    protocol: 0,
    status: null,
    run: { phase: "ready", process, since: 0 },
  } as const;
  const record: StateRecord = {
    name: "web",
    bootId: boot,
    revision: 1,
    state: {
      ...initialState,
      nextGeneration: 2,
      generations: [
        {
          id: 1,
          specification: specify({ workers: 1 }),
          snapshot: null,
          version: null,
          commit: null,
          origin: null,
          listeners: [],
          workers: [worker],
          createdAt: 0,
          stage: { phase: "active", since: 0, proof: { kind: "proved" } },
          servesSince: 0,
          deaths: 0,
          probationDeaths: 0,
          proved: true,
          noWayBack: null,
        },
      ],
    },
  };
  const written = writeStateFile(state, encodeRecord(record));
  assert.deepEqual(written, { ok: true, value: undefined });
  return { child, state };
}

// Without SERVICE_RESULT, so that the cgroup that the tests run in is left alone.
const neverAgain = { EXIT_STATUS: "78" };

test("a worker that no daemon will adopt is told to end", async (context) => {
  const { child, state } = await leaveWorker(context);
  const ended = once(child, "exit");
  const { status, stdout } = await runCli(["-n", "web", "reap"], { ...neverAgain, STATE_DIRECTORY: state });
  assert.equal(status, 0);
  assert.match(stdout, /1 process\(es\) left.*\nall have ended\n/);
  assert.deepEqual(await ended, [7, null]);
});

for (const [title, name, env, change] of [
  ["when the next daemon adopts it", "web", { EXIT_STATUS: "1" }, {}],
  ["when its pid is another process's by now", "web", neverAgain, { startTime: 1 }],
  ["when the machine was booted since", "web", neverAgain, { boot: "another" }],
  ["when it is of another service", "api", neverAgain, {}],
] as const) {
  test(`a worker stays ${title}`, async (context) => {
    const { child, state } = await leaveWorker(context, change);
    const ran = await runCli(["-n", name, "reap"], { ...env, STATE_DIRECTORY: state });
    assert.deepEqual(ran, { status: 0, stdout: "", stderr: "" });
    assert.equal(child.exitCode, null);
    assert.equal(child.signalCode, null);
  });
}

test("a state file that cannot be read is said and is no obstacle", async (context) => {
  const { child } = await leaveWorker(context);
  const empty = temporaryDirectory(context);
  const record = { name: "web", bootId: "", revision: 1, state: initialState };
  const written = writeStateFile(`${empty}/state.json`, encodeRecord(record));
  assert.ok(written.ok);
  const { status, stderr } = await runCli(["reap"], { ...neverAgain, STATE_DIRECTORY: empty });
  assert.equal(status, 0);
  assert.match(stderr, /state file/);
  assert.equal(child.exitCode, null);
});
