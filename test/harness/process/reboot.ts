import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { decodeRecord, encodeRecord } from "../../../src/state/encode.js";
import { stateFilePath } from "../../../src/state/state-file.js";
import type { Rig } from "./rig.js";

/** Ends all that runs, as a power failure does, and makes the state that of an earlier boot. */
export async function reboot(rig: Rig): Promise<void> {
  rig.manager.signal("SIGKILL");
  await rig.manager.ended();
  for (const pid of rig.workers()) process.kill(pid, "SIGKILL");
  await rig.manager.waitFor("no worker", () => rig.workers().length === 0);
  rig.manager.store.clear();
  const file = stateFilePath(rig.stateDirectory);
  const record = decodeRecord(readFileSync(file, "utf8"));
  assert.ok(record.ok);
  writeFileSync(file, encodeRecord({ ...record.value, bootId: "the boot before" }));
  await rig.manager.startReady();
}
