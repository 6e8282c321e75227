import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { StatusReport } from "../../../src/control/port.js";
import { KeptConnection } from "../../harness/process/kept.js";
import { Rig } from "../../harness/process/rig.js";
import { asRoot, elsewhere, isServing, Taker } from "../../harness/process/taker.js";

/** How a daemon's status is waited for. */
type Look = (what: string, probe: (status: StatusReport) => boolean) => Promise<StatusReport>;

/** The service's requests, as far as the test has asked for them, and that the service has been up all the time. */
class Ledger {
  #requests = 0;
  #upMs = 0;

  async ask(connection: KeptConnection, times: number): Promise<void> {
    for (let time = 0; time < times; time++) await connection.ask();
    this.expect(times);
  }

  expect(requests: number): void {
    this.#requests += requests;
  }

  /** A status does not wait for a worker that is slow to tell what it has counted. */
  async check(until: Look, after: string): Promise<StatusReport> {
    const status = await until(`all requests counted after ${after}`, ({ totals: [only] }) => {
      return only !== undefined && only.requests >= this.#requests;
    });
    const { totals, upMs } = status;
    assert.deepEqual(
      totals.map(({ listener, requests, cut }) => ({ listener, requests, cut })),
      [{ listener: "http", requests: this.#requests, cut: 0 }],
      after,
    );
    assert.ok(upMs !== null && upMs >= this.#upMs, after);
    this.#upMs = upMs;
    return status;
  }
}

test("Envoy: counters and uptime go on over upgrades and deaths of daemons and workers, and no request is counted twice", async () => {
  await using rig = new Rig({ native: true });
  await rig.manager.startReady();
  const ledger = new Ledger();
  const until: Look = (what, probe) => rig.until(what, probe);
  const connection = await KeptConnection.open(rig.port);
  await ledger.ask(connection, 5);
  await ledger.check(until, "the start");

  rig.release({ version: "2" });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.settled();
  await ledger.check(until, "the upgrade");
  await ledger.ask(connection, 4);
  const { totals } = await ledger.check(until, "the upgrade");
  assert.deepEqual([totals[0]?.accepted, totals[0]?.moved, totals[0]?.adopted], [1, 1, 1]);

  await rig.manager.kill9();
  await ledger.ask(connection, 3);
  await rig.manager.startReady();
  await ledger.check(until, "the daemon's death");

  assert.ok((await rig.control.order("reexec")).ok);
  await rig.manager.ended();
  await rig.manager.startReady();
  await ledger.ask(connection, 2);
  await ledger.check(until, "the reexec");

  const [worker = 0] = rig.workers();
  process.kill(worker, "SIGKILL");
  await rig.until("the worker's successor", ({ generations }) => {
    const [now] = generations[0]?.workers ?? [];
    return now?.phase === "ready" && now.pid !== worker;
  });
  await ledger.check(until, "the worker's crash");
  const second = await KeptConnection.open(rig.port);
  await ledger.ask(second, 6);
  await ledger.check(until, "the worker's crash");

  // Both die at once: what has been shown is in the fd store.
  await rig.manager.kill9();
  for (const pid of rig.workers()) process.kill(pid, "SIGKILL");
  await rig.manager.waitFor("the workers' end", () => rig.workers().length === 0);
  await rig.manager.startReady();
  await rig.settled();
  await ledger.check(until, "the death of all");
  connection.end();
  second.end();

  const { upSince } = rig.state();
  await rig.manager.stop();
  assert.equal(rig.state().upSince, null);
  await rig.manager.startReady();
  const after = await rig.settled();
  assert.ok((rig.state().upSince ?? 0) > (upSince ?? 0), "it is up since the start after the stop");
  assert.deepEqual(after.totals[0]?.requests, 20);
});

test("what a worker says last while there is no daemon is heard by the next one", async () => {
  await using rig = new Rig({ native: true });
  await rig.manager.startReady();
  const ledger = new Ledger();
  const connection = await KeptConnection.open(rig.port);
  await ledger.ask(connection, 2);
  const gate = join(rig.directory, "gate");
  const [old] = rig.workers();
  const held = connection.ask(`/hold?${gate}`);
  await rig.until("the request to be in flight", ({ generations }) => {
    return generations[0]?.workers[0]?.servers[0]?.counters.inFlight === 1;
  });
  assert.equal((await rig.upgrade()).failure, null);
  await rig.manager.kill9();
  rig.openGate(gate);
  await held;
  ledger.expect(1);
  await rig.manager.waitFor("the old worker's end", () => !rig.workers().some((pid) => pid === old));
  await rig.manager.startReady();
  await rig.settled();
  const status = await ledger.check((what, probe) => rig.until(what, probe), "the recovery");
  assert.equal(status.totals[0]?.moved, 1);
  connection.end();
});

test(
  "Envoy: a daemon that takes over, by exec or from another container, goes on with the totals, the uptime and the numbers",
  asRoot,
  async () => {
    await using rig = new Rig({ native: true, standalone: true });
    rig.manager.start();
    const { pid } = await rig.settled();
    const ledger = new Ledger();
    const until: Look = (what, probe) => rig.until(what, probe);
    const connection = await KeptConnection.open(rig.port);
    await ledger.ask(connection, 5);
    await ledger.check(until, "the start");
    assert.ok((await rig.control.order("reexec")).ok);
    await rig.until("the next daemon", (status) => status.pid !== pid);
    await ledger.ask(connection, 1);
    await rig.settled();
    await ledger.check(until, "the exec");

    await using taker = new Taker(rig, elsewhere);
    const taken = await taker.until(rig, "the next daemon", isServing);
    assert.equal(taken.generations[0]?.id, 2);
    const untilTaken: Look = (what, probe) => taker.until(rig, what, probe);
    await ledger.check(untilTaken, "the takeover");
    await ledger.ask(connection, 3);
    const status = await ledger.check(untilTaken, "the takeover");
    assert.equal(status.totals[0]?.moved, 1);
    connection.end();
  },
);
