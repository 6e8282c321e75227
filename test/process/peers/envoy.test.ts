import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { takeoverSocketIn } from "../../../src/lib/directories.js";
import { freePort } from "../../harness/process/ports.js";
import { ask, RequestLoop, type Target } from "../../harness/process/requests.js";
import { openReusePort } from "../../harness/process/reuse-port.js";
import { Rig } from "../../harness/process/rig.js";
import { Streamed } from "../../harness/process/stream.js";
import { elsewhere, isServing, Taker } from "../../harness/process/taker.js";

const asRoot = process.getuid?.() === 0 ? {} : { skip: "a pid namespace needs root" };

test(
  "Envoy: three epochs in a row on v4, v6, unix and SO_REUSEPORT listeners: nothing is lost, and a slow streamed response that spans a restart arrives whole",
  asRoot,
  async () => {
    const reused = openReusePort("reuse", 2);
    await using rig = new Rig({ standalone: true, workers: 2, alsoPassed: reused.sockets });
    const v6 = { port: freePort(), host: "::1" };
    const file = { socketPath: join(rig.directory, "own.sock") };
    rig.configure(
      `[listeners.http]\n[listeners.reuse]\n[listeners.six]\naddress = "[::1]:${v6.port}"\n[listeners.file]\naddress = "unix:${file.socketPath}"\n`,
    );
    rig.manager.start();
    await rig.settled();
    const targets: readonly Target[] = [{ port: rig.port }, v6, file, { port: reused.port }];
    const loads = targets.map((target) => new RequestLoop(target));
    const restart = async (version: string, from: Pick<Taker, "runtimeDirectory">): Promise<Taker> => {
      const gate = join(rig.directory, `gate-${version}`);
      const streamed = await Streamed.begin({ port: rig.port }, gate);
      rig.release({ version });
      // As in another container: it can have the listeners, and must start workers of its own.
      const taker = new Taker(rig, elsewhere, takeoverSocketIn(from.runtimeDirectory));
      await rig.manager.waitFor("the new instance on every listener", async () => {
        const answers = await Promise.all(targets.map((target) => ask(target)));
        return answers.every((answer) => answer.version === version);
      });
      rig.openGate(gate);
      assert.ok(await streamed.isWhole());
      await taker.until(rig, "the end of the old instance", isServing);
      return taker;
    };
    await using second = await restart("2", rig);
    await using third = await restart("3", second);
    await using fourth = await restart("4", third);
    assert.equal(await third.exited, 0, fourth.log);
    for (const load of loads) await load.stop();
    assert.deepEqual(
      loads.flatMap(({ failures }) => failures),
      [],
    );
    assert.ok(loads.every(({ answered }) => answered > 0));
  },
);

test(
  "Envoy: where the predecessor is dead with all it had, the next starts as any first one, on the same addresses",
  asRoot,
  async () => {
    await using rig = new Rig({ standalone: true });
    const port = freePort();
    rig.configure(
      `[listeners.own]\naddress = "127.0.0.1:${port}"\n[listeners.file]\naddress = "unix:${rig.directory}/own.sock"\n`,
    );
    // The first process of its container: with it everything in there is dead, and only the socket's file is left.
    await using first = new Taker(rig, elsewhere, join(rig.directory, "nobody.sock"));
    await first.until(rig, "the first", isServing);
    await ask({ port });
    first.kill();
    await first.exited;
    await rig.manager.waitFor("the end of its workers", () => rig.workers().length === 0);
    rig.release({ version: "2" });
    await using next = new Taker(rig, elsewhere, takeoverSocketIn(first.runtimeDirectory));
    await next.until(rig, "the next", isServing);
    assert.equal((await ask({ port })).version, "2");
    assert.equal((await ask({ socketPath: join(rig.directory, "own.sock") })).version, "2");
  },
);
