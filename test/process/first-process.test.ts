import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createControlClient } from "../../src/control/client.js";
import { controlSocketIn } from "../../src/lib/directories.js";
import { waitUntil } from "../harness/container/wait-until.js";
import { ask } from "../harness/process/requests.js";
import { Rig } from "../harness/process/rig.js";

const asRoot = process.getuid?.() === 0 ? {} : { skip: "a pid namespace needs root" };

test(
  "as the first process of a container the daemon lets orphans go, drains at SIGTERM, and will not be replaced by a child",
  asRoot,
  async () => {
    await using rig = new Rig({ standalone: true });
    const socket = join(rig.directory, "own.sock");
    // The worker leaves an orphan, which says its pid and ends soon.
    const orphan = join(rig.directory, "orphan");
    const config = readFileSync(rig.configFile, "utf8").replace(
      'exec \\"$0\\"',
      `(sleep 0.3 & echo $! > ${orphan}) ; exec \\"$0\\"`,
    );
    writeFileSync(rig.configFile, `${config}[listeners.own]\naddress = "unix:${socket}"\n`);
    const child = spawn(
      "unshare",
      [
        ...["--pid", "--fork", "--kill-child", "--mount-proc", process.execPath, rig.program],
        ...["--name", rig.name, "--config", rig.configFile],
        ...["--runtime-dir", rig.runtimeDirectory, "--state-dir", rig.stateDirectory],
      ],
      { stdio: ["ignore", "inherit", "inherit"] },
    );
    const exited = once(child, "exit");
    const control = createControlClient({
      socketPath: controlSocketIn(rig.runtimeDirectory),
      timeoutMs: 1000,
    });
    const status = await waitUntil("the service", 10_000, async () => {
      const answer = await control.status();
      return answer.ok && answer.value.lifecycle === "running" && answer.value;
    });
    assert.equal(status.pid, 1);
    assert.equal((await ask({ socketPath: socket })).generation, 1);
    const [daemon = 0] = rig.daemons().filter((pid) => pid !== child.pid);
    const inside = readFileSync(orphan, "utf8").trim();
    await waitUntil("the orphan to be gone", 10_000, () => {
      return !childrenOf(daemon).some((pid) => pidInside(pid) === inside);
    });
    const refused = await control.order("reexec");
    assert.ok(!refused.ok);
    assert.match(refused.failure.message, /first process of its container/);
    process.kill(daemon, "SIGTERM");
    assert.deepEqual(await exited, [0, null]);
  },
);

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

/** The pid that a process has in its innermost namespace. */
function pidInside(pid: number): string | undefined {
  try {
    return /^NSpid:.*\s(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}
