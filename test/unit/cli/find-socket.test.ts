import assert from "node:assert/strict";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { findSocket, type Wanted } from "../../../src/cli/find-socket.js";
import { temporaryDirectory } from "../control/rig.js";

/** No user of this machine, so that only the directory of the test and the system's are looked into. */
const uid = 1_999_999;

/** A runtime directory of a user, with instances of these names. */
function prepare(context: TestContext, ...names: string[]): { base: string; env: Wanted["env"] } {
  const runtime = temporaryDirectory(context);
  const base = join(runtime, "holdfast");
  mkdirSync(base);
  for (const name of names) {
    mkdirSync(join(base, name));
    writeFileSync(join(base, name, "control.sock"), "");
  }
  return { base, env: { XDG_RUNTIME_DIR: runtime } };
}

test("a path that is given is taken as it is", () => {
  assert.deepEqual(findSocket({ socket: "/no/such", env: {}, uid }), {
    ok: true,
    value: { socketPath: "/no/such" },
  });
});

test("an instance is found by its name", (context) => {
  const { base, env } = prepare(context, "test-a", "test-b");
  assert.deepEqual(findSocket({ name: "test-b", env, uid }), {
    ok: true,
    value: { socketPath: `${base}/test-b/control.sock`, instance: "test-b", wary: true },
  });
});

test("an instance that is not there is not running, and the message says where it was looked for", (context) => {
  const { base, env } = prepare(context, "test-a");
  const result = findSocket({ name: "test-c", env, uid });
  assert.ok(!result.ok);
  assert.equal(result.failure.reason, "not-running");
  assert.ok(result.failure.message.includes(`${base}/test-c/control.sock`));
});

test("of several instances none is taken by chance", (context) => {
  const { env } = prepare(context, "test-a", "test-b");
  const result = findSocket({ env, uid });
  assert.ok(!result.ok);
  assert.equal(result.failure.reason, "usage");
  assert.match(result.failure.message, /test-a, test-b/);
});

test("inside of a unit another instance than its own can be meant", (context) => {
  const { base, env } = prepare(context, "test-a", "test-b");
  const inside = { ...env, RUNTIME_DIRECTORY: join(base, "test-a") };
  assert.deepEqual(findSocket({ env: inside, uid }), {
    ok: true,
    value: { socketPath: `${base}/test-a/control.sock`, wary: true },
  });
  assert.deepEqual(findSocket({ name: "test-b", env: inside, uid }), {
    ok: true,
    value: { socketPath: `${base}/test-b/control.sock`, instance: "test-b", wary: true },
  });
});

test("a directory that a stranger made is not looked into", {
  skip: process.geteuid?.() !== 0 && "needs root to make one",
}, (context) => {
  const { base, env } = prepare(context, "test-a");
  chownSync(base, 4242, 4242);
  assert.equal(findSocket({ name: "test-a", env, uid }).ok, false);
});
