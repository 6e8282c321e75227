import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { HeldSignals, listenToSignals } from "../../../src/daemon/signals.js";
import { currentJob } from "../../../src/systemd/job.js";
import { DEADLINE_MS, waitUntil } from "../../harness/container/wait-until.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";

const run = promisify(execFile);

/** Gets SIGWINCH, and writes down what it was taken for. */
const program = `
  import { writeFileSync } from "node:fs";
  import { listenToSignals } from ${JSON.stringify(new URL("../../../src/daemon/signals.js", import.meta.url).href)};
  const heard = [];
  const nothing = () => {};
  const rest = { unit: undefined, upgrade: nothing, reexec: nothing, reopenLog: nothing, report: nothing };
  listenToSignals({ ...rest, push: ({ type }) => heard.push(type) });
  process.once("SIGWINCH", () => {
    writeFileSync(process.argv[2], heard.join());
    process.exit();
  });
  setInterval(nothing, 1000);
  process.kill(process.pid, "SIGWINCH");
`;

for (const [where, heard, ...around] of [
  ["away from every terminal drains", "drain-requested", "setsid", "--wait", "sh", "-c"],
  ["on a terminal drains nothing, wherever stdin, stdout and stderr go", "", "script", "-qec"],
] as const) {
  test(`SIGWINCH ${where}`, { timeout: 30_000 }, async (t) => {
    const directory = temporaryDirectory(t);
    const file = join(directory, "signals.mjs");
    writeFileSync(file, program);
    const line = `exec '${process.execPath}' '${file}' '${directory}/heard' </dev/null >'${directory}/out' 2>&1`;
    const [command, ...args] = around;
    await run(command, [...args, line, ...(command === "script" ? ["/dev/null"] : [])]);
    assert.equal(readFileSync(join(directory, "heard"), "utf8"), heard);
  });
}

test("a SIGTERM of which it is not known yet what it is for goes to whoever acts next, and to nobody else", async () => {
  const nothing = () => {};
  const rest = { upgrade: nothing, reexec: nothing, reopenLog: nothing, report: nothing };
  const heard: string[] = [];
  const first = listenToSignals({
    ...rest,
    unit: "no-such.service",
    push: ({ type }) => heard.push(`first ${type}`),
  });
  process.emit("SIGTERM", "SIGTERM");
  const held = new HeldSignals();
  held.hold(first());
  assert.equal(held.some, true);
  await currentJob("no-such.service");
  const stop = listenToSignals({
    ...rest,
    unit: undefined,
    push: ({ type }) => heard.push(`second ${type}`),
  });
  held.sendTo(process.pid);
  await waitUntil("the signal", DEADLINE_MS, async () => heard.length > 0);
  assert.deepEqual([heard, stop()], [["second stop-requested"], []]);
});
