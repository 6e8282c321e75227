import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Disk } from "./storm.js";

const megabytes = 32;

/** A file system of its own for a directory, which can be filled up. Needs root. */
export class SmallDisk implements Disk, Disposable {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "holdfast-test", directory]);
  }

  fill(): void {
    try {
      writeFileSync(this.#filling, Buffer.alloc((megabytes + 1) * 1024 * 1024));
    } catch {
      // ENOSPC, as is meant.
    }
  }

  free(): void {
    rmSync(this.#filling, { force: true });
  }

  [Symbol.dispose](): void {
    execFileSync("umount", ["--lazy", this.#directory]);
  }

  get #filling(): string {
    return join(this.#directory, "filling");
  }
}
