import assert from "node:assert/strict";
import { test } from "node:test";
import { isInstanceName, resolveDirectories, runtimeBases } from "../../../src/lib/directories.js";

const name = "web";

for (const [title, uid, env, runtime, state] of [
  [
    "systemd's directories come first",
    0,
    { RUNTIME_DIRECTORY: "/run/a:/run/b", STATE_DIRECTORY: "/var/lib/a" },
    "/run/a",
    "/var/lib/a",
  ],
  [
    "root uses the system's",
    0,
    { XDG_RUNTIME_DIR: "/run/user/0", HOME: "/root" },
    "/run/holdfast/web",
    "/var/lib/holdfast/web",
  ],
  [
    "a user uses the XDG directories",
    7,
    { XDG_RUNTIME_DIR: "/run/user/7", XDG_STATE_HOME: "/s", HOME: "/h" },
    "/run/user/7/holdfast/web",
    "/s/holdfast/web",
  ],
  [
    "a user without a session uses /tmp",
    7,
    { HOME: "/h" },
    "/tmp/holdfast-7/web",
    "/h/.local/state/holdfast/web",
  ],
  [
    "relative and empty paths are ignored",
    7,
    { RUNTIME_DIRECTORY: "", XDG_RUNTIME_DIR: "run", XDG_STATE_HOME: "." },
    "/tmp/holdfast-7/web",
    "/var/tmp/holdfast-7/web",
  ],
] as const) {
  test(title, () => assert.deepEqual(resolveDirectories({ name, env, uid }), { runtime, state }));
}

test("a client looks where a daemon of its own user or of the system may be", () => {
  const env = { XDG_RUNTIME_DIR: "/run/user/7" };
  assert.deepEqual(runtimeBases({ env, uid: 0 }), ["/run/holdfast"]);
  assert.deepEqual(runtimeBases({ env, uid: 7 }), [
    "/run/holdfast",
    "/run/user/7/holdfast",
    "/tmp/holdfast-7",
  ]);
});

test("a name leads nowhere but to itself", () => {
  for (const good of ["web", "web-2", "a.b_c", "7"]) assert.ok(isInstanceName(good), good);
  for (const bad of ["", ".", "..", "a/b", "-n", "a b", "a\n", "x".repeat(65), "é"])
    assert.ok(!isInstanceName(bad), bad);
});
