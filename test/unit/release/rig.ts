import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Failure } from "../../../src/lib/failure.js";
import {
  makeSnapshot,
  type SnapshotFacts,
  type SnapshotOptions,
} from "../../../src/release/make-snapshot.js";
import { snapshotDirectory } from "../../../src/release/places.js";
import { removeTree } from "../../../src/release/remove-snapshot.js";
import type { Ends } from "../../harness/ends.js";

/** A release and a state directory to snapshot it into. */
export class ReleaseRig {
  readonly top: string;
  readonly release: string;
  readonly state: string;

  constructor(context: Ends) {
    this.top = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-release-")));
    this.release = join(this.top, "release");
    this.state = join(this.top, "state");
    mkdirSync(this.release);
    context.after(() => removeTree(this.top));
  }

  write(path: string, text = path): void {
    const file = join(this.release, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  snapshot(id: number): string {
    return snapshotDirectory(this.state, id);
  }

  /** What an app with the right to do so writes into a snapshot. */
  writeBeside(id: number, path: string | Buffer, text: string): void {
    const file = Buffer.concat([Buffer.from(`${this.snapshot(id)}/`), Buffer.from(path)]);
    const parent = dirname(file.toString());
    chmodSync(this.snapshot(id), 0o700);
    mkdirSync(parent, { recursive: true });
    chmodSync(parent, 0o700);
    writeFileSync(file, text);
  }

  /** As whom the tests run, unless told. */
  try(id: number, options: Partial<SnapshotOptions> = {}) {
    return makeSnapshot({
      stateDirectory: this.state,
      id,
      release: this.release,
      shared: [],
      writable: [],
      base: undefined,
      asIs: false,
      signal: new AbortController().signal,
      uid: process.geteuid?.() ?? 0,
      ...options,
    });
  }

  async make(id: number, options: Partial<SnapshotOptions> = {}): Promise<SnapshotFacts> {
    const made = await this.try(id, options);
    assert.ok(made.ok, made.ok ? "" : made.failure.message);
    return made.value;
  }

  async fail(id: number, options: Partial<SnapshotOptions> = {}): Promise<Failure> {
    const made = await this.try(id, options);
    assert.ok(!made.ok, "it was made");
    return made.failure;
  }
}
