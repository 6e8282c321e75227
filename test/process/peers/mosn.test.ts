import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptLoad } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";

const requests = 5_000;
/** One after the other on each; MOSN's one request in 100 ms would take eight minutes. */
const connections = 50;

test("MOSN: 5,000 requests on live connections across two upgrades: none is lost, and every connection lives on", async () => {
  await using rig = new Rig({ standalone: true, native: true, workers: 2 });
  rig.manager.start();
  await rig.settled();
  await using load = await KeptLoad.open(rig.port, connections);
  const answered = (count: number): Promise<boolean> =>
    rig.manager.waitFor(
      `${count} answers`,
      () => {
        assert.deepEqual(load.failures, []);
        return load.answers.length >= count;
      },
      60_000,
    );
  for (const [version, from] of [
    ["2", requests / 3],
    ["3", (2 * requests) / 3],
  ] as const) {
    await answered(from);
    rig.release({ version });
    assert.equal((await rig.upgrade()).failure, null);
    await rig.settled();
  }
  const { length } = load.answers;
  await answered(Math.max(requests, length + connections));
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.deepEqual([...new Set(load.answers.map(({ version }) => version))], ["1", "2", "3"]);
  assert.ok(load.connections.every(({ closed }) => !closed));
});
