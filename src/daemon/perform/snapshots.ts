import type { Action, Event } from "../../model/event.js";
import type { Generation } from "../../model/generation-state.js";
import { linkLibrary } from "../../release/link-library.js";
import { makeSnapshot } from "../../release/make-snapshot.js";
import { readManifest } from "../../release/manifest.js";
import { listSnapshots, manifestFile, snapshotDirectory } from "../../release/places.js";
import { removeSnapshot } from "../../release/remove-snapshot.js";
import { findWritten } from "../../release/written.js";

export interface SnapshotsOptions {
  readonly stateDirectory: string;
}

interface Work {
  /** Of all that was begun on a snapshot. */
  readonly done: Promise<readonly Event[]>;
  readonly drop: AbortController;
}

/** Looking costs a few microseconds of CPU a file. */
const inspectEveryMs = 60_000;

/** The snapshots on disk: what is done to one is done one after the other, and ends in events. */
export class Snapshots {
  readonly #options: SnapshotsOptions;
  readonly #work = new Map<number, Work>();
  readonly #inspectedAt = new Map<number, number>();

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  directoryOf(id: number): string {
    return snapshotDirectory(this.#options.stateDirectory, id);
  }

  /** Where the processes of a generation run. */
  workingDirectoryOf({ snapshot, specification }: Generation): string {
    return snapshot === null ? specification.plan.release : this.directoryOf(snapshot);
  }

  list(): readonly number[] {
    return listSnapshots(this.#options.stateDirectory);
  }

  make(
    { id, specification: { plan } }: Generation,
    { base, asIs }: Pick<Extract<Action, { type: "make-snapshot" }>, "base" | "asIs">,
  ): Promise<readonly Event[]> {
    const { stateDirectory } = this.#options;
    return this.#follow(id, async (signal) => {
      const result = await makeSnapshot({
        stateDirectory,
        id,
        release: plan.release,
        shared: plan.shared,
        writable: plan.writable,
        base: base ?? undefined,
        asIs,
        signal,
        uid: process.geteuid?.() ?? 0,
      });
      linkLibrary(stateDirectory);
      return [{ type: "snapshot-made", snapshot: id, result }];
    });
  }

  /** For whoever asks often: looks when the last look was a minute ago. */
  async inspectNow(id: number): Promise<readonly Event[]> {
    const now = performance.now();
    const lately = now - (this.#inspectedAt.get(id) ?? Number.NEGATIVE_INFINITY) <= inspectEveryMs;
    return lately ? [] : this.inspect(id);
  }

  inspect(id: number): Promise<readonly Event[]> {
    const { stateDirectory } = this.#options;
    this.#inspectedAt.set(id, performance.now());
    return this.#follow(id, async () => {
      const manifest = await readManifest(manifestFile(stateDirectory, id));
      if (manifest === undefined) return [];
      // What cannot be read now is looked at again before it is removed.
      const written = await findWritten(snapshotDirectory(stateDirectory, id), manifest).catch(
        () => undefined,
      );
      return written === undefined ? [] : [{ type: "snapshot-inspected", snapshot: id, written }];
    });
  }

  remove(id: number): Promise<readonly Event[]> {
    this.#work.get(id)?.drop.abort();
    this.#inspectedAt.delete(id);
    return this.#follow(id, async () => {
      const result = await removeSnapshot(this.#options.stateDirectory, id);
      return [{ type: "snapshot-removed", snapshot: id, result }];
    });
  }

  /** Gives up what is being made, and resolves when nothing is done to any of them any more. */
  async release(): Promise<void> {
    const works = [...this.#work.values()];
    for (const { drop } of works) drop.abort();
    await Promise.allSettled(works.map(({ done }) => done));
  }

  /** What was begun before may have failed: that is told to whoever began it. */
  async #follow(
    id: number,
    work: (signal: AbortSignal) => Promise<readonly Event[]>,
  ): Promise<readonly Event[]> {
    const before = this.#work.get(id)?.done;
    const drop = new AbortController();
    const done = (async () => {
      await before?.catch(() => {});
      return work(drop.signal);
    })();
    this.#work.set(id, { done, drop });
    try {
      return await done;
    } finally {
      if (this.#work.get(id)?.done === done) this.#work.delete(id);
    }
  }
}
