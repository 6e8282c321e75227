import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { controlSocketIn } from "../../../src/lib/directories.js";
import { KeptConnection } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";

const run = promisify(execFile);
const cli = fileURLToPath(new URL("../../../src/cli.js", import.meta.url));

test("on a terminal an upgrade shows its phases, and what moves, finishes and is cut as long as the old generation drains, and ends with its account", async () => {
  const quiet = 5;
  await using rig = new Rig({ native: true, workers: 2 });
  await rig.manager.startReady();
  const idle = await KeptConnection.openMany(rig.port, quiet);
  await Promise.all(idle.map((connection) => connection.ask()));
  const gate = join(rig.directory, "gate");
  const [staying, leaving] = await KeptConnection.openMany(rig.port, 2);
  assert.ok(staying !== undefined && leaving !== undefined);
  const answer = staying.ask(`/hold?${gate}`);
  const leave = assert.rejects(leaving.ask(`/hold?${gate}`), { code: "closed" });
  await rig.until("both requests to be in flight", ({ generations }) => {
    const servers = generations.flatMap(({ workers }) => workers.flatMap((worker) => worker.servers));
    return servers.reduce((sum, { counters }) => sum + counters.inFlight, 0) === 2;
  });

  let shown = "";
  // script(1) gives it a terminal.
  const socket = controlSocketIn(rig.runtimeDirectory);
  const command = `'${process.execPath}' '${cli}' --socket '${socket}' upgrade`;
  const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
  });
  const ended = once(child, "close");
  try {
    await rig.manager.waitFor("the idle ones to be shown as moved", () =>
      shown.includes(`generation 1 drains: ${quiet} connections moved, 0 finished, 0 cut, 2 left (2 busy)`),
    );
    leaving.end();
    await leave;
    await rig.manager.waitFor("the one that has left to be shown as finished", () =>
      shown.includes(`${quiet} connections moved, 1 finished, 0 cut, 1 left (1 busy)`),
    );
    rig.openGate(gate);
    assert.equal((await answer).kept, true);
    await ended;
  } finally {
    child.kill("SIGKILL");
  }
  assert.equal(child.exitCode, 0);
  for (const phase of ["copy", "ready", "verify", "drain"]) {
    assert.equal(shown.match(new RegExp(`  ${phase} +\\d[^\n]* m?s\\b`, "g"))?.length, 1, phase);
  }
  assert.match(
    shown,
    /the old generation has ended\r\n.*connections: old 6 moved, 1 finished, 0 cut; .*responses: .*kernel: .* dropped/s,
  );
  const history = await run(process.execPath, [cli, "--socket", socket, "history", "2"]);
  assert.match(
    history.stdout,
    /^upgrade 2: upgrade, over after .*^drain +.*^http +1 old +\d+ +1 +6 +0 +0$/ms,
  );
  const { generations } = await rig.settled();
  assert.equal(generations.at(-1)?.counters?.adopted, quiet + 1);
  for (const connection of [...idle, staying]) connection.end();
});
