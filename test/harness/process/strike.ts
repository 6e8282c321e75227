import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { HarnessError } from "../harness-error.js";
import { balance } from "./accounts.js";
import { armFault, disarmFault, type Fault } from "./fault.js";
import { KeptLoad } from "./kept.js";
import { ask } from "./requests.js";
import { Rig } from "./rig.js";

const beyondAnyUpgrade = 100;

/** A check, and a listener of the daemon's own beside the unit's. */
export function configWith(socket: string): string {
  return `check = ["true"]\n[listeners.http]\n[listeners.moving]\naddress = ${JSON.stringify(`unix:${socket}`)}\n`;
}

/** The daemon's own; the manager's is apart. */
function socketsIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith(".sock") && file !== "manager.sock")
    .map((file) => join(directory, file));
}

function isDeath(how: Fault["how"]): boolean {
  return how === "die-before" || how === "die-after";
}

/** Runs an upgrade to its end, with another daemon for one that ends. */
async function upgradeOverDeaths(
  rig: Rig,
  how: Fault["how"],
): Promise<{ readonly taken: boolean; readonly struck: string | undefined }> {
  const requested = await rig.control.request("upgrade");
  const ended = (await rig.settledOrEnded()) || (isDeath(how) && (await rig.tidyOrEnded()));
  const struck = disarmFault(rig.directory);
  // What is done to snapshots goes on after the upgrade: the fault may have struck since.
  if (ended || (isDeath(how) && struck !== undefined)) {
    await rig.manager.ended();
    await rig.manager.startReady();
  }
  return { taken: requested.ok, struck };
}

/** One upgrade for each effect that an upgrade has, struck at that effect; how many there are. */
async function strikeEach(rig: Rig, how: Fault["how"]): Promise<number> {
  for (let at = 1; at < beyondAnyUpgrade; at++) {
    const before = (await rig.settled()).generations[0]?.id ?? 0;
    // Each upgrade opens a listener and closes one.
    const socket = `${rig.directory}/${how}-${at}.sock`;
    rig.configure(configWith(socket));
    armFault(rig.directory, { at, how });
    const { taken, struck } = await upgradeOverDeaths(rig, how);
    const where = `${how} ${at}: ${struck}`;
    const { generations, lastUpgrade } = await rig.settled();
    const after = generations[0]?.id ?? 0;
    if (taken && isDeath(how)) assert.equal(lastUpgrade?.failure, null, where);
    assert.ok(after >= before && (after > before || !taken || !isDeath(how)), where);
    assert.equal((await rig.ask()).generation, after, where);
    if (after > before) {
      // The file of a socket that was opened in a turn which is lost stays.
      if (how !== "throw") assert.deepEqual(socketsIn(rig.directory), [socket], where);
      assert.equal((await ask({ socketPath: socket })).generation, after, where);
    }
    await balance(rig);
    if (struck === undefined) return at - 1;
  }
  throw new HarnessError("endless", "the upgrade needs more effects than can be");
}

/** How many connections are kept over all that happens, where the workers can. */
const keptConnections = 30;

export interface StrikeOptions {
  readonly native?: boolean;
  /** With one writer at a time: native ones give each count once, and leave none out; plain ones hold a lock. */
  readonly exclusive?: boolean;
}

/** A service under load, upgraded once for each effect of an upgrade; not one request may fail. */
export async function upgradeUnderFaults(
  how: Fault["how"],
  { native = false, exclusive = false }: StrikeOptions = {},
): Promise<string> {
  await using rig = new Rig({ faulty: true, native, exclusive, locked: exclusive && !native });
  rig.configure(configWith(`${rig.directory}/first.sock`));
  await rig.manager.startReady();
  await using load = rig.load();
  await using kept = await KeptLoad.open(
    rig.port,
    native ? keptConnections : 0,
    native && exclusive ? "/count" : "/",
  );
  const struck = await strikeEach(rig, how);
  await kept.stop();
  assert.deepEqual(kept.failures, []);
  if (native && exclusive) assertCounted(kept);
  await load.stop();
  assert.deepEqual(load.failures, []);
  return `${struck} effects struck, ${load.answered} requests answered`;
}

function assertCounted({ answers }: KeptLoad): void {
  const counts = answers.map(({ count }) => count).sort((one, other) => one - other);
  const wrong = counts.findIndex((count, at) => count !== at + 1);
  assert.equal(
    wrong,
    -1,
    `count ${wrong + 1} of ${counts.length}: ${counts.slice(Math.max(0, wrong - 3), wrong + 3)}`,
  );
}
