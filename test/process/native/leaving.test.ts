import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptConnection } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";

for (const exclusive of [false, true]) {
  const strategy = exclusive ? "exclusive" : "overlap";

  test(`a worker that somebody else tells to end is replaced at once, and hands over what it has (${strategy})`, async () => {
    await using rig = new Rig({ native: true, exclusive, inPlace: true });
    rig.release({ version: "1" });
    await rig.manager.startReady();
    const connections = await KeptConnection.openMany(rig.port, 10);
    const before = await Promise.all(connections.map((connection) => connection.ask("/count")));
    const [first, ...others] = connections;
    assert.ok(first !== undefined && before[0] !== undefined);
    const gate = `${rig.directory}/gate`;
    const held = first.ask(`/hold?${encodeURIComponent(gate)}`);
    await rig.until("it is held", ({ generations }) =>
      generations.some(({ workers }) =>
        workers.some(({ servers }) => servers?.some((one) => one.counters.inFlight > 0)),
      ),
    );
    process.kill(before[0].pid, "SIGTERM");
    if (exclusive) rig.openGate(gate);
    const fresh = await rig.ask();
    assert.deepEqual([fresh.generation, fresh.version], [1, "1"]);
    await rig.until(
      "another worker serves",
      ({ generations }) =>
        generations[0]?.workers.some(({ pid, phase }) => pid !== before[0]?.pid && phase === "ready") ??
        false,
    );
    const answers = await Promise.all(others.map((connection) => connection.ask("/count")));
    if (!exclusive) rig.openGate(gate);
    assert.equal((await held).pid, before[0].pid);
    const status = await rig.settled();
    assert.deepEqual(
      status.generations.map(({ id, workers }) => [id, workers.length]),
      [[1, 1]],
    );
    const { pid } = await first.ask("/count");
    assert.notEqual(pid, before[0].pid);
    const counts = [...before, ...answers].map(({ count }) => count);
    // With one writer nothing that was counted is lost.
    if (exclusive) assert.equal(Math.max(...counts), before.length + answers.length);
    for (const connection of connections) {
      assert.equal(connection.closed, false);
      connection.end();
    }
    assert.equal(status.totals[0]?.cut, 0);
    await rig.manager.stop();
  });
}
