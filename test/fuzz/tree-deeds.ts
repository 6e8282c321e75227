import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { errorCode } from "../../src/lib/failure.js";

/** What somebody does to a tree. Where it cannot be done nothing happens. */
export type Deed =
  | { readonly does: "write" | "directory" | "remove" | "fifo"; readonly path: string }
  | { readonly does: "link" | "rename" | "hard-link"; readonly path: string; readonly to: string }
  | { readonly does: "mode"; readonly path: string; readonly mode: number }
  | { readonly does: "owner"; readonly path: string; readonly uid: number };

const names = fc.constantFrom(
  "a",
  "b",
  "c",
  "link",
  "__pycache__",
  'q"\nx',
  " ",
  "\u202ex",
  "n\u00e9",
  ".git",
  "package.json",
);
/** Bytes that are no UTF-8 stand as characters below 256. */
const notUtf8 = "\u0000bad";
const path = fc
  .array(fc.oneof({ weight: 15, arbitrary: names }, fc.constant(notUtf8)), { minLength: 1, maxLength: 3 })
  .map((steps) => steps.join("/"));
const target = fc.oneof(
  path,
  fc.constantFrom(
    "..",
    ".",
    "/",
    "../outside/secret",
    "../../outside",
    "/nowhere",
    "a/../b",
    "x".repeat(200),
  ),
);

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant("write" as const), path }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant("directory" as const), path }) },
  fc.record({ does: fc.constantFrom("remove" as const, "fifo" as const), path }),
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constantFrom("link" as const, "rename" as const), path, to: target }),
  },
  fc.record({ does: fc.constant("hard-link" as const), path, to: path }),
  fc.record({
    does: fc.constant("mode" as const),
    path,
    mode: fc.constantFrom(0, 0o400, 0o444, 0o711, 0o777, 0o4755),
  }),
  fc.record({ does: fc.constant("owner" as const), path, uid: fc.constantFrom(0, 1_000, 65_534) }),
);

export function deeds(maxLength: number): fc.Arbitrary<readonly Deed[]> {
  return fc.array(deed, { maxLength });
}

const secret = "secret";

/** A release, and beside it what is nobody's business. */
export class World {
  readonly release: string;
  readonly #outside: string;
  #written = 0;

  constructor(directory: string, release = join(directory, "release")) {
    this.release = release;
    this.#outside = join(directory, "outside");
    mkdirSync(this.#outside, { recursive: true });
    if (release !== join(directory, "release")) return;
    mkdirSync(release);
    writeFileSync(join(this.#outside, secret), secret, { mode: 0o600 });
    chmodSync(this.#outside, 0o700);
  }

  does(deed: Deed): void {
    try {
      this.#do(deed);
    } catch (error) {
      // Somebody who may not, or does it to what is not there.
      if (errorCode(error) === undefined) throw error;
    }
  }

  #do(deed: Deed): void {
    const at = this.#place(deed.path);
    if (leadsOut(this.release, deed.path)) return;
    switch (deed.does) {
      case "write":
        mkdirSync(dirname(deed.path.includes("\0") ? this.release : String(at)), { recursive: true });
        rmSync(at, { force: true });
        writeFileSync(at, `${this.release}: ${deed.path} ${this.#written++}`);
        return;
      case "directory":
        mkdirSync(at, { recursive: true });
        return;
      case "remove":
        rmSync(at, { recursive: true, force: true });
        return;
      case "fifo":
        spawnSync("mkfifo", [String(at)], { stdio: "ignore" });
        return;
      case "link":
        symlinkSync(deed.to.replaceAll("\0", "_"), at);
        return;
      case "rename":
        if (!leadsOut(this.release, deed.to)) renameSync(at, this.#place(deed.to));
        return;
      case "hard-link":
        if (!leadsOut(this.release, deed.to)) linkSync(this.#place(deed.to), at);
        return;
      case "mode":
        if (!lstatSync(at).isSymbolicLink()) chmodSync(at, deed.mode);
        return;
      case "owner":
        if (process.geteuid?.() === 0) lchownSync(at, deed.uid, deed.uid);
        return;
      default:
        deed satisfies never;
    }
  }

  #place(path: string): string | Buffer {
    const whole = join(this.release, path);
    return path.includes("\0") ? Buffer.from(whole.replaceAll("\0", "\u00ff"), "latin1") : whole;
  }

  /** Also by its mode, which says who may look into it. */
  assertOutsideIsUntouched(): void {
    assert.deepEqual(readdirSync(this.#outside), [secret]);
    assert.equal(readFileSync(join(this.#outside, secret), "utf8"), secret);
    assert.equal(lstatSync(this.#outside).mode & 0o7777, 0o700);
    assert.equal(lstatSync(join(this.#outside, secret)).mode & 0o7777, 0o600);
  }
}

/** Through a link of the tree's own: what is done there is done to something else. */
function leadsOut(top: string, path: string): boolean {
  if (path.startsWith("/") || path.includes("..")) return true;
  const steps = path.split("/").slice(0, -1);
  return steps.some((_, index) => {
    const above = join(top, ...steps.slice(0, index + 1).map((step) => step.replaceAll("\0", "")));
    return lstatSync(above, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  });
}

/** The content of each file that can be read, by path; names that are not UTF-8 are left out. */
export function readTree(top: string, below = ""): Map<string, string> {
  const files = new Map<string, string>();
  for (const name of list(join(top, below))) {
    const step = name.toString();
    if (!Buffer.from(step).equals(name)) continue;
    const path = below === "" ? step : `${below}/${step}`;
    const stats = lstatSync(join(top, path));
    const content = stats.isFile() ? read(join(top, path)) : undefined;
    if (content !== undefined) files.set(path, content);
    if (stats.isDirectory()) for (const [inner, text] of readTree(top, path)) files.set(inner, text);
  }
  return files;
}

/** Nothing where this process may not look, or nothing is. */
function list(directory: string): readonly Buffer[] {
  try {
    return readdirSync(directory, { encoding: "buffer" });
  } catch {
    return [];
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
