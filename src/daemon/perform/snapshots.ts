import type { Event } from "../../model/event.js";
import type { Generation } from "../../model/generation-state.js";
import { linkLibrary } from "../../release/link-library.js";
import { makeSnapshot } from "../../release/make-snapshot.js";
import { readManifest } from "../../release/manifest.js";
import { listSnapshots, manifestFile, snapshotDirectory } from "../../release/places.js";
import { removeSnapshot } from "../../release/remove-snapshot.js";
import { findWritten } from "../../release/written.js";

export interface SnapshotsOptions {
  readonly stateDirectory: string;
  readonly push: (event: Event) => void;
}

interface Work {
  /** Of all that was begun on a snapshot. */
  readonly done: Promise<void>;
  readonly drop: AbortController;
}

/** Looking costs a few microseconds of CPU a file. */
const inspectEveryMs = 60_000;

/** The snapshots on disk: what is done to one is done one after the other, and told as events. */
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

  make({ id, specification: { plan } }: Generation, base: number | null): void {
    const { stateDirectory, push } = this.#options;
    void this.#follow(id, async (signal) => {
      const result = await makeSnapshot({
        stateDirectory,
        id,
        release: plan.release,
        shared: plan.shared,
        writable: plan.writable,
        base: base ?? undefined,
        signal,
        uid: process.geteuid?.() ?? 0,
      });
      linkLibrary(stateDirectory);
      push({ type: "snapshot-made", snapshot: id, result });
    });
  }

  /** For whoever asks often: looks when the last look was a minute ago, and tells when it has been done. */
  async inspectNow(id: number): Promise<void> {
    const now = performance.now();
    if (now - (this.#inspectedAt.get(id) ?? Number.NEGATIVE_INFINITY) > inspectEveryMs)
      await this.inspect(id);
  }

  inspect(id: number): Promise<void> {
    const { stateDirectory, push } = this.#options;
    this.#inspectedAt.set(id, performance.now());
    return this.#follow(id, async () => {
      const manifest = await readManifest(manifestFile(stateDirectory, id));
      if (manifest === undefined) return;
      // What cannot be read now is looked at again before it is removed.
      const written = await findWritten(snapshotDirectory(stateDirectory, id), manifest).catch(
        () => undefined,
      );
      if (written !== undefined) push({ type: "snapshot-inspected", snapshot: id, written });
    });
  }

  remove(id: number): void {
    const { stateDirectory, push } = this.#options;
    this.#work.get(id)?.drop.abort();
    this.#inspectedAt.delete(id);
    void this.#follow(id, async () => {
      push({ type: "snapshot-removed", snapshot: id, result: await removeSnapshot(stateDirectory, id) });
    });
  }

  async #follow(id: number, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const before = this.#work.get(id)?.done ?? Promise.resolve();
    const drop = new AbortController();
    const done = before.then(() => work(drop.signal));
    this.#work.set(id, { done, drop });
    await done;
    if (this.#work.get(id)?.done === done) this.#work.delete(id);
  }
}
