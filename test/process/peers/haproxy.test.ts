import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Rig } from "../../harness/process/rig.js";

const run = promisify(execFile);
const cli = fileURLToPath(new URL("../../../src/cli.js", import.meta.url));

test("HAProxy: the answer to a reload is there when the reload is over, good or bad, and 50 requests right after it are served by who it says", async () => {
  await using rig = new Rig({ native: true, workers: 2 });
  await rig.manager.startReady();
  const reload = (): Promise<unknown> =>
    run(process.execPath, [cli, "--socket", `${rig.runtimeDirectory}/control.sock`, "upgrade"]);
  const served = async (): Promise<string[]> => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => rig.ask()));
    return [...new Set(answers.map(({ version }) => version))].sort();
  };
  rig.release({ version: "2", boot: "crash" });
  await assert.rejects(reload(), { code: 1, stderr: /exited with status 3 before it was ready/ });
  assert.deepEqual(await served(), ["1"]);
  rig.release({ version: "3" });
  await reload();
  const versions = await served();
  // The old one is told to accept nobody at that moment; who it had accepted is answered by it.
  assert.ok(versions.includes("3") && !versions.includes("2"), versions.join());
  await rig.settled();
  assert.deepEqual(await served(), ["3"]);
});
