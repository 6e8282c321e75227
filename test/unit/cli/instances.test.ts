import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FakePort, report } from "../control/fake-port.js";
import { startServer, temporaryDirectory } from "../control/rig.js";
import { runCli } from "./run-cli.js";

/** To the CLI it is the user of no instance of this machine, and of no root either. */
const pretend = "--import=data:text/javascript,process.geteuid=()=>1999999";

/** Instances of a user, by name and what is wrong with them; one that is null does not answer. */
async function startInstances(
  t: TestContext,
  degraded: Readonly<Record<string, string | null>>,
): Promise<Record<string, string>> {
  const runtime = temporaryDirectory(t);
  for (const [name, why] of Object.entries(degraded)) {
    mkdirSync(join(runtime, "holdfast", name), { recursive: true });
    const port = new FakePort();
    port.report_ = { ...report, name, degraded: why, summary: `${name} serves` };
    await startServer(t, { name, port, socketPath: join(runtime, "holdfast", name, "control.sock") });
  }
  return { XDG_RUNTIME_DIR: runtime, NODE_OPTIONS: pretend };
}

test("of several instances status has a line each, as list has, and is 4 when one is degraded", async (t) => {
  const env = await startInstances(t, { "test-b": "clients wait", "test-a": null });
  const [status, list] = await Promise.all([runCli(["status"], env), runCli(["list"], env)]);
  assert.deepEqual(list, status);
  assert.equal(status.status, 4, status.stderr);
  assert.match(
    status.stdout,
    /^test-a +running +1\.2\.3 +test-a serves\ntest-b +degraded +1\.2\.3 +clients wait$/m,
  );
  const json = JSON.parse((await runCli(["status", "--json"], env)).stdout);
  const names = json.instances.map((one: { name: string }) => one.name);
  assert.deepEqual(
    names.filter((name: string) => name.startsWith("test-")),
    ["test-a", "test-b"],
  );
});

test("of the only instance, and of one that is named, status has the page", async (t) => {
  const one = await startInstances(t, { "test-a": null });
  assert.match((await runCli(["status"], one)).stdout, /^test-a: test-a serves$/m);
  const two = await startInstances(t, { "test-a": null, "test-b": null });
  const named = await runCli(["-n", "test-b", "status"], two);
  assert.deepEqual([named.status, named.stdout.split("\n", 1)[0]], [0, "test-b: test-b serves"]);
});

test("a command that changes something still wants a name", async (t) => {
  const env = await startInstances(t, { "test-a": null, "test-b": null });
  assert.equal((await runCli(["drain"], env)).status, 2);
});
