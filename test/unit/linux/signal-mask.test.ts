import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { test } from "node:test";
import { leavesToDefault } from "../../../src/linux/signal-mask.js";

const { SIGTERM } = constants.signals;

for (const [what, script, expected] of [
  ["leaves it to the kernel", "echo; read never", true],
  ["handles it", "trap : TERM; echo; read never", false],
  ["ignores it", "trap '' TERM; echo; read never", false],
] as const) {
  test(`of a process that ${what} it is known`, async () => {
    const child = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "pipe", "inherit"] });
    await once(child.stdout, "data");
    assert.equal(leavesToDefault(child.pid ?? 0, SIGTERM), expected);
    child.stdin.end();
    await once(child, "exit");
    assert.equal(leavesToDefault(child.pid ?? 0, SIGTERM), undefined);
  });
}
