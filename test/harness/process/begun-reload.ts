import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { reloadMarkIn } from "../../../src/lib/directories.js";
import type { Outcome } from "../../../src/model/upgrade-state.js";
import type { Rig } from "./rig.js";

/** As the first command of ExecReload= does; `word` is another one for each. */
export function beginReload(rig: Rig, word: string): void {
  writeFileSync(reloadMarkIn(rig.runtimeDirectory), `${word} \n`);
  rig.manager.signal("SIGHUP");
}

/** As the second one does: how the reload has ended. */
export function endReload(rig: Rig): Promise<Outcome> {
  return rig.upgrade("upgrade", { reload: true });
}

/** The numbers of all upgrades there have been, newest last, and who asked for them. */
export async function upgradesOf(rig: Rig): Promise<readonly string[]> {
  const history = await rig.control.history();
  assert.ok(history.ok);
  return history.value.map(({ generation, origin }) => `${generation} ${origin?.asked?.by.kind ?? "-"}`);
}
