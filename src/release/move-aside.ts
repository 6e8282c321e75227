import { mkdir, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../lib/failure.js";
import { Folder } from "./folder.js";
import { writtenDirectory } from "./places.js";
import { parentOf } from "./tree.js";
import type { Seen } from "./written.js";

/**
 * Moves what an app wrote into a snapshot to the same path below `writtenDirectory`; where there is something already, as from a service
 * of this name that was there before, to the next: `1`, `1.2`, `1.3`. Nothing is overwritten, and no link is followed.
 */
export async function moveAside(stateDirectory: string, id: number, seen: Seen): Promise<void> {
  const aside = writtenDirectory(stateDirectory, id);
  await mkdir(dirname(aside), { recursive: true, mode: 0o700 });
  await using all = await Folder.open(dirname(aside));
  for (let turn = 1; ; turn++) {
    const steps = [turn === 1 ? `${id}` : `${id}.${turn}`, ...parentOf(seen.path).split("/")];
    if (
      await moveInto(
        all,
        steps.filter((step) => step !== ""),
        seen,
      )
    )
      return;
  }
}

/** False: something else is there. */
async function moveInto(folder: Folder, [step, ...steps]: readonly string[], seen: Seen): Promise<boolean> {
  if (step === undefined) {
    if (isTaken(folder, seen)) return false;
    await rename(seen.folder.at(seen.name), folder.at(seen.name));
    return true;
  }
  await mkdir(folder.at(step), { mode: 0o700 }).catch((error: unknown) => {
    if (errorCode(error) !== "EEXIST") throw error;
  });
  let child: Folder;
  try {
    child = await folder.openFolder(step);
  } catch (error) {
    if (errorCode(error) === "ENOTDIR" || errorCode(error) === "ELOOP") return false;
    throw error;
  }
  await using inner = child;
  return await moveInto(inner, steps, seen);
}

function isTaken(folder: Folder, { name }: Seen): boolean {
  try {
    folder.look(name);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}
