import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { HarnessError } from "../harness-error.js";
import { balance } from "./accounts.js";
import { armFault, disarmFault, type Fault } from "./fault.js";
import { KeptLoad } from "./kept.js";
import { Rig } from "./rig.js";
import { judgedTables, proofOf, untilProof } from "./trials.js";

const beyondAnyVerdict = 60;
const keptConnections = 20;

/** What becomes of a version, and what brings it about; the same for each effect that is struck. */
export interface Turning {
  readonly phase: "trial" | "probation";
  readonly native: boolean;
  /** The version that comes is found bad when the gate is open, a file that is not there yet. */
  readonly bad?: boolean;
  /** Whether the new version serves in the end. */
  readonly kept: boolean;
  /** In the middle of the trial or probation. */
  readonly turn: (rig: Rig, gate: string) => Promise<unknown>;
}

/** A judge that says no when the file is there. */
function judgeBy(gate: string, native: boolean): string {
  if (native) return 'health = { http = "/healthz", every = "50ms", timeout = "1m", failures = 1 }';
  const script = `until [ -e ${gate} ]; do sleep 0.05; done; exit 1`;
  return `command = ["/bin/sh", "-c", ${JSON.stringify(script)}]`;
}

/** One trial or probation for each effect that its end has, struck at that effect; how many there are. */
async function strikeEach(rig: Rig, how: Fault["how"], turning: Turning): Promise<number> {
  const { phase, native, kept, bad = false, turn } = turning;
  let missed = 0;
  for (let at = 1, round = 1; at < beyondAnyVerdict; round++) {
    const before = (await rig.ask()).version;
    const version = `${how}-${round}`;
    const gate = join(rig.directory, `gate-${version}`);
    rig.release({ version, health: bad ? 500 : 200, gate });
    rig.configure(
      judgedTables({
        trial: phase === "trial" ? "10m" : "0s",
        probation: phase === "trial" ? "0s" : "10m",
        judge: bad ? judgeBy(gate, native) : "",
      }),
    );
    const asked = await rig.control.request("upgrade");
    assert.ok(asked.ok, asked.ok ? "" : `${how} ${at}: ${asked.failure.message}`);
    await untilProof(rig, phase);
    if (phase === "probation") await rig.settled();
    armFault(rig.directory, { at, how });
    await turn(rig, gate).catch(() => {});
    const ended = (await settledOnOrEnded(rig, kept ? version : before)) || (await rig.tidyOrEnded());
    const struck = disarmFault(rig.directory);
    if (ended || struck !== undefined) {
      await rig.manager.ended();
      await rig.manager.startReady();
      // Who asked a daemon that had not yet written it down asks the next one.
      if (proofOf(rig.state())?.kind === phase) await turn(rig, gate);
      assert.equal(await settledOnOrEnded(rig, kept ? version : before), false, `${how} ${at}: ${struck}`);
    }
    await balance(rig);
    // How many effects come after the fault is armed is not always the same: once more, to be sure.
    missed = struck === undefined ? missed + 1 : 0;
    if (missed === 2) return at - 1;
    if (missed === 0) at += 1;
  }
  throw new HarnessError("endless", "it needs more effects than can be");
}

/** Waits until that version serves alone, and nothing is judged, or the daemon has ended; true for the latter. */
async function settledOnOrEnded(rig: Rig, version: string): Promise<boolean> {
  await rig.manager.waitFor(`version ${version} alone, or the daemon's end`, async () => {
    if (rig.manager.exit !== undefined) return true;
    const { generations, upgrade } = rig.state();
    const [only, other] = generations;
    if (upgrade !== null || other !== undefined || only?.stage.phase !== "active") return false;
    return only.stage.proof.kind === "proved" && (await rig.ask()).version === version;
  });
  return rig.manager.exit !== undefined;
}

/** A service under load, whose versions end their trial or probation once for each effect of that; not one request may fail. */
export async function turnUnderFaults(how: Fault["how"], turning: Turning): Promise<string> {
  const { native } = turning;
  await using rig = new Rig({ faulty: true, native });
  await rig.manager.startReady();
  await using load = rig.load();
  await using kept = await KeptLoad.open(rig.port, native ? keptConnections : 0);
  const struck = await strikeEach(rig, how, turning);
  await kept.stop();
  assert.deepEqual(kept.failures, []);
  await load.stop();
  assert.deepEqual(load.failures, []);
  return `${struck} effects struck, ${load.answered} requests answered`;
}

export function openGate(_rig: Rig, gate: string): Promise<void> {
  writeFileSync(gate, "");
  return Promise.resolve();
}
