import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { takeoverSocketIn } from "../../src/lib/directories.js";
import { assertAlone } from "../harness/process/alone.js";
import { KeptLoad } from "../harness/process/kept.js";
import { freePort } from "../harness/process/ports.js";
import { ask, RequestLoop } from "../harness/process/requests.js";
import { Rig } from "../harness/process/rig.js";
import { asRoot, elsewhere, isServing, Taker } from "../harness/process/taker.js";

/*
 * What docs/containers.md says. A container here is a pid and a mount namespace, with the daemon as its first process; all have the same
 * command, and share the runtime directory and nothing else of their own.
 */
function startContainer(rig: Rig, place = elsewhere): Taker {
  const { runtimeDirectory } = rig;
  return new Taker(rig, place, takeoverSocketIn(runtimeDirectory), runtimeDirectory);
}

test(
  "containers that share a volume and a network hand the service over, one after the other, with its connections; a bad one gives it back",
  asRoot,
  async () => {
    await using rig = new Rig({ standalone: true, native: true, workers: 2 });
    const port = freePort();
    const socketPath = join(rig.directory, "data.sock");
    rig.configure(
      `[listeners.http]\naddress = "127.0.0.1:${port}"\n[listeners.data]\naddress = "unix:${socketPath}"\n`,
    );
    await using blue = startContainer(rig);
    assert.equal((await blue.until(rig, "the first one", isServing)).pid, 1);
    await using load = new RequestLoop({ port });
    await using kept = await KeptLoad.open(port, 10);

    rig.release({ version: "2" });
    await using green = startContainer(rig);
    assert.equal(await blue.exited, 0, blue.log);
    const second = await green.until(rig, "the second one", isServing);
    assert.deepEqual([second.generations[0]?.id, (await ask({ port })).version], [2, "2"]);
    assert.equal((await ask({ socketPath })).version, "2");

    rig.release({ version: "3", boot: "crash" });
    await using bad = startContainer(rig);
    assert.equal(await bad.exited, 78, bad.log);
    await green.until(rig, "the second one again", isServing);
    assert.equal((await ask({ port })).version, "2");

    rig.release({ version: "4" });
    await using last = startContainer(rig);
    assert.equal(await green.exited, 0, green.log);
    const status = await last.until(rig, "the last one", isServing);
    assert.equal((await ask({ socketPath })).version, "4");
    const [pid = 0] = rig.daemons();
    await assertAlone(rig, pid, status);
    await kept.stop();
    await load.stop();
    assert.deepEqual([kept.failures, load.failures], [[], []]);
    const [one, ...others] = kept.connections;
    assert.equal((await one?.ask())?.version, "4");

    // What `docker stop` does: the request in flight is answered first. For idle connections it would wait until `drain.timeout`.
    for (const idle of others) idle.end();
    const gate = join(rig.directory, "gate");
    const held = one?.ask(`/hold?${gate}`);
    await last.until(rig, "the request", ({ generations }) =>
      generations.some(({ workers }) =>
        workers.some(({ servers }) => servers.some(({ counters }) => counters.inFlight > 0)),
      ),
    );
    process.kill(pid, "SIGTERM");
    await rig.manager.waitFor("nobody to be let in", () =>
      // It waits in the backlog, for nobody: shorter than the request that is held.
      ask({ port }, "/", 2_000).then(
        () => false,
        () => true,
      ),
    );
    rig.openGate(gate);
    assert.equal((await held)?.version, "4");
    assert.equal(await last.exited, 0);
    assert.deepEqual(rig.workers(), []);
  },
);

test(
  "in a network of its own a container serves the listeners that it was given where they are, and opens others in its own",
  asRoot,
  async () => {
    await using rig = new Rig({ standalone: true, native: true });
    const [port, other] = [freePort(), freePort()];
    const http = `[listeners.http]\naddress = "0.0.0.0:${port}"\n`;
    rig.configure(http);
    await using blue = startContainer(rig);
    await blue.until(rig, "the first one", isServing);
    await using load = new RequestLoop({ port });
    rig.configure(`${http}[listeners.other]\naddress = "0.0.0.0:${other}"\n`);
    rig.release({ version: "2" });
    await using green = startContainer(rig, ["unshare", "--net", ...elsewhere.slice(1)]);
    assert.equal(await blue.exited, 0, blue.log);
    const status = await green.until(rig, "the second one", isServing);
    assert.equal(status.listeners.length, 2);
    assert.equal((await ask({ port })).version, "2");
    await assert.rejects(ask({ port: other }), { code: "refused" });
    await load.stop();
    assert.deepEqual(load.failures, []);
  },
);
