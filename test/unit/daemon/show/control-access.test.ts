import assert from "node:assert/strict";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ControlAccess } from "../../../../src/daemon/show/control-access.js";
import { DEADLINE_MS, waitUntil } from "../../../harness/container/wait-until.js";
import { temporaryDirectory } from "../../linux/temporary-directory.js";

const dev = { uid: 61_000, gids: [61_001] };
const op = { uid: 61_000, gids: [61_002] };

/** Puts a directory service that knows the groups `devs` and `ops` in place of this machine's; it answers while the file returned is there. */
function replaceDirectory(t: TestContext): string {
  const folder = temporaryDirectory(t);
  const answers = join(folder, "answers");
  const script = `#!/bin/sh
until test -e ${answers}; do sleep 0.01; done
case $3 in devs) echo devs:x:61001: ;; ops) echo ops:x:61002: ;; *) exit 2 ;; esac\n`;
  writeFileSync(answers, "");
  writeFileSync(join(folder, "getent"), script);
  chmodSync(join(folder, "getent"), 0o755);
  const path = process.env["PATH"];
  process.env["PATH"] = `${folder}:${path}`;
  t.after(() => {
    process.env["PATH"] = path;
  });
  return answers;
}

test("while a directory service is asked, whom the last config let in stays, unless the new one names another group", async (t) => {
  const answers = replaceDirectory(t);
  const warnings: string[] = [];
  const access = new ControlAccess({
    socketPath: join(temporaryDirectory(t), "control.sock"),
    serviceUid: 61_009,
    warn: (message) => warnings.push(message),
  });
  const rights = () => [access.rightOf(dev), access.rightOf(op)];
  const come = (wanted: ReturnType<typeof rights>) =>
    waitUntil(`the rights ${wanted}`, DEADLINE_MS, () => rights().join() === wanted.join());
  access.follow({ viewers: "devs", operators: "ops" });
  await come(["look", "act"]);

  rmSync(answers);
  access.follow({ viewers: "devs", operators: "ops" });
  assert.deepEqual(rights(), ["look", "act"]);
  access.follow({ viewers: "devs", operators: "devs" });
  assert.deepEqual(rights(), ["look", undefined]);
  access.follow({ viewers: null, operators: "ops" });
  assert.deepEqual(rights(), [undefined, undefined]);
  writeFileSync(answers, "");
  await come([undefined, "act"]);

  access.follow({ viewers: "gone", operators: null });
  await waitUntil("a warning", DEADLINE_MS, () => warnings.some((one) => /no group gone/.test(one)));
  assert.deepEqual(rights(), [undefined, undefined]);
});
