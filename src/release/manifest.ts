import { readFile, rename, writeFile } from "node:fs/promises";
import type { Seal } from "./content.js";
import type { Entry, EntryKind } from "./tree.js";

/** What a snapshot was made of: one line an entry. It is written last, so a snapshot without one is not whole. */
export interface Made {
  /** `other` here: a link to the original. */
  readonly kind: EntryKind;
  readonly size: number;
  readonly mtimeNs: bigint;
  /** Of the original. */
  readonly signature: string;
  /** Of the copy of a file; an earlier version's manifest has none. */
  readonly seal?: Seal | undefined;
}

/** An entry as it was copied. */
export type Copied = Entry & { readonly seal?: Seal | undefined };

/** What a copy was made as, by path. */
export type Copy = ReadonlyMap<string, Copied>;

export type Manifest = ReadonlyMap<string, Made>;

const linesAtOnce = 2_000;

/** Atomic, as far as the death of this process goes. */
export async function writeManifest(file: string, tree: Copy): Promise<void> {
  await writeFile(`${file}.new`, lines(tree), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** In pieces, so that other work gets its turn. */
async function* lines(tree: Copy): AsyncGenerator<string> {
  let piece: string[] = [];
  for (const entry of tree.values()) {
    piece.push(formatEntry(entry));
    if (piece.length < linesAtOnce) continue;
    yield piece.join("");
    piece = [];
  }
  yield piece.join("");
}

function formatEntry({ path, kind, size, mtimeNs, signature, seal }: Copied): string {
  const sealed = seal === undefined ? "" : `${seal.ctimeNs}:${seal.digest} `;
  return `${kind} ${size} ${mtimeNs} ${signature} ${sealed}${JSON.stringify(path)}\n`;
}

const line = /^(directory|file|link|other|writable) (\d+) (-?\d+) (\S+) (?:(-?\d+):(\S+) )?(".*")$/gm;

/** Undefined when there is none. What cannot be read in it is left out: such an entry then counts as new. */
export async function readManifest(file: string): Promise<Manifest | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    return undefined;
  }
  const manifest = new Map<string, Made>();
  for (const [, kind, size, mtimeNs, signature = "", ctimeNs, digest, quoted = ""] of text.matchAll(line)) {
    const path = unquote(quoted);
    if (path === undefined || !isKind(kind)) continue;
    const seal = ctimeNs && digest ? { ctimeNs: BigInt(ctimeNs), digest } : undefined;
    manifest.set(path, { kind, size: Number(size), mtimeNs: BigInt(mtimeNs ?? 0), signature, seal });
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
