import type { Result } from "../lib/failure.js";
import type { SnapshotMade } from "./event.js";
import type { ModelFailure } from "./failure.js";
import { activeGeneration, findSnapshot } from "./find.js";
import type { Snapshot, State } from "./state.js";
import { act, announce, type Turn, update, updateGeneration } from "./turn.js";

/** For the log and the status: more would help nobody. */
const writtenTold = 10;

function change(turn: Turn, id: number, changed: Partial<Snapshot>): void {
  const snapshots = turn.state.snapshots.map((one) => (one.id === id ? { ...one, ...changed } : one));
  update(turn, { snapshots });
}

function forget(turn: Turn, id: number): void {
  update(turn, { snapshots: turn.state.snapshots.filter((one) => one.id !== id) });
}

/** From here on the state knows of it, so it may be made. */
export function beginSnapshot(turn: Turn, id: number): void {
  const snapshot: Snapshot = { id, phase: "making", fingerprint: null, written: null };
  update(turn, { snapshots: [...turn.state.snapshots, snapshot] });
  const active = activeGeneration(turn.state);
  if (active?.snapshot !== undefined) inspect(turn, active.snapshot);
  orderSnapshot(turn, id);
}

export function orderSnapshot(turn: Turn, id: number): void {
  const base = turn.state.snapshots.findLast(({ phase }) => phase === "ready")?.id ?? null;
  act(turn, {
    type: "make-snapshot",
    snapshot: id,
    base,
    asIs: base !== null && servesBoth(turn.state, base, id),
  });
}

/** Whether a snapshot could be what the candidate needs, too: of the same release, and with nothing in it that is the app's to write. */
function servesBoth({ generations, retired }: State, base: number, id: number): boolean {
  const plan = generations.find((one) => one.id === id)?.specification.plan;
  const before = [...generations, ...retired].find((one) => one.snapshot === base)?.specification.plan;
  if (plan === undefined || before === undefined) return false;
  const shares = plan.shared.join("\n") === before.shared.join("\n");
  return plan.release === before.release && shares && plan.writable.length + before.writable.length === 0;
}

/** False: nobody waits for it any more. */
export function snapshotMade(turn: Turn, id: number, result: Result<SnapshotMade, ModelFailure>): boolean {
  if (findSnapshot(turn.state, id)?.phase !== "making") return false;
  if (!result.ok) return true;
  const { fingerprint, uncopied, sameAs } = result.value;
  if (sameAs !== null) return takeSame(turn, id, sameAs);
  change(turn, id, { phase: "ready", fingerprint });
  if (uncopied.length > 0) {
    const what = nameSome(uncopied);
    announce(turn, "warning", "snapshot-uncopied", `not copied but linked to the original: ${what}`, {
      generation: id,
    });
  }
  return true;
}

/** False where it has gone meanwhile: then one is made after all. */
function takeSame(turn: Turn, id: number, sameAs: number): boolean {
  if (findSnapshot(turn.state, sameAs)?.phase !== "ready") {
    orderSnapshot(turn, id);
    return false;
  }
  forget(turn, id);
  updateGeneration(turn, id, { snapshot: sameAs });
  return true;
}

/** Looks for what was written in a snapshot, once and where there is one. */
export function inspect(turn: Turn, id: number | null): void {
  if (id !== null && findSnapshot(turn.state, id)?.phase === "ready") {
    act(turn, { type: "inspect-snapshot", snapshot: id });
  }
}

export function snapshotInspected(turn: Turn, id: number, found: readonly string[]): void {
  const snapshot = findSnapshot(turn.state, id);
  const runs = turn.state.generations.some((generation) => generation.snapshot === id);
  // As long as it runs, nothing yet is no answer.
  if (snapshot?.phase !== "ready" || (found.length === 0 && runs)) return;
  const written = found.slice(0, writtenTold);
  change(turn, id, { written });
  if (found.length === 0 || snapshot.written?.join() === written.join()) return;
  announce(
    turn,
    "warning",
    "snapshot-written",
    `the app has written beside its code in generation ${id}, where the next version does not find it: ${nameSome(found)}; ` +
      `if it is data, copy it to the release and add to the config: ${sharedLine(turn.state, id, written)}`,
    { generation: id, ...(turn.state.upgrade !== null && { upgrade: turn.state.upgrade.id }) },
  );
}

export function snapshotRemoved(
  turn: Turn,
  id: number,
  result: Result<readonly string[], ModelFailure>,
): void {
  if (findSnapshot(turn.state, id)?.phase !== "removing") return;
  if (!result.ok) {
    // It stays known, and the next daemon tries again.
    announce(turn, "warning", "snapshot-left", result.failure.message, { generation: id });
    return;
  }
  forget(turn, id);
  if (result.value.length === 0) return;
  announce(
    turn,
    "warning",
    "snapshot-rescued",
    `the snapshot of generation ${id} is removed; what the app wrote in it is kept in written/${id} of the state directory (or ${id}.2 and so on, where something was there already): ${nameSome(result.value)}`,
    { generation: id },
  );
}

/** What no generation runs in and none can be returned to with is removed. */
export function removeUnused(turn: Turn): void {
  const { generations, retired, snapshots } = turn.state;
  const used = new Set([...generations, ...retired].map(({ snapshot }) => snapshot));
  // Left-over workers that nothing is known of may run in any of them.
  const guessed = generations.some(
    ({ snapshot, specification: { plan } }) => snapshot === null && plan.snapshot,
  );
  for (const { id, phase } of snapshots) {
    if (used.has(id) || phase === "removing" || (phase === "unknown" && guessed)) continue;
    change(turn, id, { phase: "removing" });
    act(turn, { type: "remove-snapshot", snapshot: id });
  }
}

/** Holds what the state knows against what is on disk, and does what the last daemon did not get to. */
export function recoverSnapshots(turn: Turn, found: readonly number[]): void {
  const onDisk = new Set(found);
  const lost = turn.state.snapshots.filter(({ id, phase }) => phase !== "making" && !onDisk.has(id));
  for (const { id } of lost) loseSnapshot(turn, id);
  const known = new Set(turn.state.snapshots.map(({ id }) => id));
  const unknown = found.filter((id) => !known.has(id));
  const added = unknown.map((id): Snapshot => ({ id, phase: "unknown", fingerprint: null, written: null }));
  update(turn, {
    snapshots: [...turn.state.snapshots, ...added].sort((one, other) => one.id - other.id),
    nextGeneration: Math.max(turn.state.nextGeneration, ...found.map((id) => id + 1)),
  });
  const running = new Set(turn.state.generations.map(({ snapshot }) => snapshot));
  const kept = new Set(turn.state.retired.map(({ snapshot }) => snapshot));
  for (const { id, phase, written } of turn.state.snapshots) {
    if (phase === "removing") act(turn, { type: "remove-snapshot", snapshot: id });
    if (phase === "ready" && written === null && kept.has(id) && !running.has(id)) inspect(turn, id);
  }
}

/** Somebody has deleted it. Its workers are started in the release itself, should that still be there. */
function loseSnapshot(turn: Turn, id: number): void {
  const { generations, retired } = turn.state;
  forget(turn, id);
  update(turn, {
    generations: generations.map((one) => (one.snapshot === id ? { ...one, snapshot: null } : one)),
    retired: retired.filter(({ snapshot }) => snapshot !== id),
  });
  if (generations.some(({ snapshot }) => snapshot === id)) {
    announce(turn, "error", "snapshot-lost", `the snapshot of generation ${id} is gone from the disk`, {
      generation: id,
    });
  }
}

/** The line of the config that would share these paths besides those that it shares already. */
export function sharedLine(state: State, id: number, written: readonly string[]): string {
  const owner = [...state.generations, ...state.retired].find(({ snapshot }) => snapshot === id);
  const shared = new Set([...(owner?.specification.plan.shared ?? []), ...written]);
  return `shared = [${[...shared].map((path) => JSON.stringify(path)).join(", ")}]`;
}

function nameSome(paths: readonly string[]): string {
  const rest = paths.length - writtenTold;
  return paths.slice(0, writtenTold).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
