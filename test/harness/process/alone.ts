import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { StatusReport } from "../../../src/control/port.js";
import { parentOf } from "../../../src/linux/pidfd.js";
import { listFds } from "./open-fds.js";
import type { Rig } from "./rig.js";

const own = ["control.sock", "holdfast.pid", "notify", "takeover.sock"];

/**
 * One daemon is in charge, `pid` as seen from here, and of any other nothing is left: no process of it or of its workers, no pid file that was
 * set aside, no socket file beside its own. Returns what the daemon has open, which is no more than `atMost`.
 */
export async function assertAlone(
  rig: Rig,
  pid: number,
  { generations }: StatusReport,
  runtimeDirectory = rig.runtimeDirectory,
  atMost?: readonly string[],
): Promise<readonly string[]> {
  const workers = generations.flatMap(({ workers: all }) => all.map((worker) => worker.pid));
  const names = generations.flatMap(({ workers: all }) => all.map(({ name }) => name));
  let strays: string[] = [];
  try {
    await rig.manager.waitFor("nothing but the daemon and its workers", () => {
      const family = [pid, ...ancestorsOf(pid), ...rig.workers()];
      strays = rig
        .processes()
        .filter((one) => !family.includes(one))
        .map(describe);
      return strays.length === 0 && rig.workers().length === workers.length;
    });
  } catch (error) {
    assert.fail(`left over: ${strays.join("; ")}; workers ${rig.workers()} of ${workers}\n${String(error)}`);
  }
  assert.deepEqual(readdirSync(runtimeDirectory).sort(), own);
  assert.deepEqual(readdirSync(join(runtimeDirectory, "notify")).sort(), names.sort());
  assert.equal(existsSync(join(runtimeDirectory, "holdfast.pid.oldbin")), false);
  if (atMost === undefined) return listKinds(pid);
  // Whoever asked for its status may not have left yet.
  return rig.manager.waitFor(`no more open than ${atMost.join(", ")}`, () => {
    const open = listKinds(pid);
    return open.length <= atMost.length && open;
  });
}

/** The named files, sockets apart from each other by what they are only. */
function listKinds(pid: number): readonly string[] {
  return listFds(pid)
    .map((name) => name.replace(/:\[\d+\]$/, ""))
    .sort();
}

function ancestorsOf(pid: number): number[] {
  const parent = parentOf(pid) ?? 0;
  return parent <= 1 || parent === process.pid ? [] : [parent, ...ancestorsOf(parent)];
}

function describe(pid: number): string {
  try {
    return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")}`;
  } catch {
    return `${pid}, which has ended since`;
  }
}
