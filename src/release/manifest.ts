import { readFile, rename, writeFile } from "node:fs/promises";
import type { Entry, EntryKind, Tree } from "./tree.js";

/** What a snapshot was made of: one line an entry. It is written last, so a snapshot without one is not whole. */
export interface Made {
  /** `other` here: a link to the original. */
  readonly kind: EntryKind;
  readonly size: number;
  readonly mtimeNs: bigint;
  /** Of the original. */
  readonly signature: string;
}

export type Manifest = ReadonlyMap<string, Made>;

const linesAtOnce = 2_000;

/** Atomic, as far as the death of this process goes. */
export async function writeManifest(file: string, tree: Tree): Promise<void> {
  await writeFile(`${file}.new`, lines(tree), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** In pieces, so that other work gets its turn. */
async function* lines(tree: Tree): AsyncGenerator<string> {
  let piece: string[] = [];
  for (const entry of tree.values()) {
    piece.push(formatEntry(entry));
    if (piece.length < linesAtOnce) continue;
    yield piece.join("");
    piece = [];
  }
  yield piece.join("");
}

function formatEntry({ path, kind, size, mtimeNs, signature }: Entry): string {
  return `${kind} ${size} ${mtimeNs} ${signature} ${JSON.stringify(path)}\n`;
}

const line = /^(directory|file|link|other|writable) (\d+) (-?\d+) (\S+) (".*")$/gm;

/** Undefined when there is none. What cannot be read in it is left out: such an entry then counts as new. */
export async function readManifest(file: string): Promise<Manifest | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    return undefined;
  }
  const manifest = new Map<string, Made>();
  for (const [, kind, size, mtimeNs, signature = "", quoted = ""] of text.matchAll(line)) {
    const path = unquote(quoted);
    if (path === undefined || !isKind(kind)) continue;
    manifest.set(path, { kind, size: Number(size), mtimeNs: BigInt(mtimeNs ?? 0), signature });
    if (manifest.size % linesAtOnce === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return manifest;
}

function unquote(quoted: string): string | undefined {
  try {
    const text: unknown = JSON.parse(quoted);
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}

function isKind(text: string | undefined): text is EntryKind {
  return ["directory", "file", "link", "other", "writable"].some((kind) => kind === text);
}
