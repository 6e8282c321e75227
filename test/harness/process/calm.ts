import assert from "node:assert/strict";
import type { StatusReport } from "../../../src/control/port.js";
import { balance } from "./accounts.js";
import { countFds } from "./open-fds.js";
import type { Rig } from "./rig.js";
import type { Blow, Storm } from "./storm.js";

/** Of a storm: a version that never becomes ready is not waited for for long. */
export const hasty = stormConfig("1s");
/** Outside of it: a slow machine may take its time. */
export const patient = stormConfig("30s");

function stormConfig(readyTimeout: string): string {
  return `[ready]\ntimeout = "${readyTimeout}"\n[drain]\ntimeout = "10s"\n`;
}

/** One daemon, one generation that serves what the state says, every fd and process accounted for, no fd too many. */
export async function settle(rig: Rig, fds: number): Promise<void> {
  // A trial that nobody has decided on stands until somebody does.
  const rest = ({ upgrade, lifecycle }: StatusReport): boolean => upgrade === null && lifecycle === "running";
  await rig.until("the end of all upgrades", rest);
  await rig.control.order("commit");
  const { generations, pid } = await rig.settled();
  const [active] = generations;
  assert.deepEqual(rig.daemons(), [pid]);
  await balance(rig);
  assert.equal((await rig.ask()).generation, active?.id);
  await rig.manager.waitFor("as many fds as at first", () => countFds(pid) <= fds);
  const history = await rig.control.history();
  assert.ok(history.ok);
  const ids = history.value.map(({ generation }) => generation);
  assert.equal(new Set(ids).size, ids.length, JSON.stringify(history.value));
  const running = history.value.filter(({ to }) => to === null).map(({ generation }) => generation);
  assert.deepEqual(running, [active?.id]);
}

/** A storm of so many blows; after it all is as before it, and the next upgrade is like any. */
export async function gust(
  rig: Rig,
  storm: Storm,
  fds: number,
  blows: number,
  kinds: readonly Blow[],
): Promise<void> {
  rig.configure(hasty);
  await storm.rage(blows, kinds);
  // What still waits for its turn is not to find a version that is never ready, and to wait for it with patience.
  rig.release({ version: String(++storm.version) });
  rig.configure(patient);
  await settle(rig, fds);
  rig.release({ version: String(++storm.version) });
  assert.equal((await rig.upgrade()).failure, null);
  await settle(rig, fds);
  assert.equal((await rig.ask()).version, String(storm.version));
}

/** How many fds a daemon has that was started again, and has nothing to do. */
export async function fdsAtRest(rig: Rig): Promise<number> {
  await rig.settled();
  await rig.manager.kill9();
  await rig.manager.startReady();
  const { pid } = await rig.settled();
  return countFds(pid);
}
