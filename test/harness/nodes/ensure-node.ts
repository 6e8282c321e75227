import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import * as v from "valibot";
import { messageOf } from "../../../src/lib/failure.js";
import { HarnessError } from "../harness-error.js";

/** The releases of Node that the library is proven on besides the one that runs the tests. */
export const MAJORS = [22, 24, 26] as const;
export type Major = (typeof MAJORS)[number];

/** A Node that is not the one that runs the tests. */
export interface OtherNode {
  /** As `process.version` gives it: `v22.1.0`. */
  readonly version: string;
  /** Absolute path of the executable. */
  readonly path: string;
}

const VIEW_TIMEOUT_MS = 30_000;
const INSTALL_TIMEOUT_MS = 180_000;
const PACKAGE = `node-linux-${process.arch}`;
/** npm gives a lone version as it is. */
const versionsSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.union([v.pipe(v.array(v.string()), v.minLength(1)), v.string()]),
);
const run = promisify(execFile);

/**
 * The newest Node of a major release in the npm registry, kept in the cache directory; older ones of that major are removed
 * then. Without the registry the newest of the cache. Throws a HarnessError `node` when there is neither.
 */
export async function ensureNode(major: Major): Promise<OtherNode> {
  const cache = join(process.env["XDG_CACHE_HOME"] ?? "/var/cache", "holdfast-test");
  const prefix = `node-${major}-`;
  try {
    const version = await newestPublished(major);
    const folder = join(cache, `${prefix}${version}`);
    if (!existsSync(folder)) {
      await install(version, cache, folder);
      await removeOthers(cache, prefix, folder);
    }
    return nodeIn(folder, version);
  } catch (error) {
    const version = newest(await cachedVersions(cache, prefix));
    if (version !== undefined) return nodeIn(join(cache, `${prefix}${version}`), version);
    const why = `it cannot be installed from the npm registry, and there is none in ${cache}`;
    throw new HarnessError("node", `cannot test on Node ${major}: ${why}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function nodeIn(folder: string, version: string): OtherNode {
  return { version: `v${version}`, path: join(folder, "node_modules", PACKAGE, "bin", "node") };
}

async function newestPublished(major: Major): Promise<string> {
  const argv = ["view", "--json", `${PACKAGE}@${major}`, "version"];
  const { stdout } = await run("npm", argv, { timeout: VIEW_TIMEOUT_MS });
  const version = newest([v.parse(versionsSchema, stdout)].flat());
  if (version === undefined) throw new HarnessError("node", `${PACKAGE} has no version ${major}`);
  return version;
}

/** Beside its place and then renamed, so that an install that was interrupted is never used. */
async function install(version: string, cache: string, folder: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const building = await mkdtemp(`${folder}.building.`);
  try {
    const options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
    const argv = ["install", "--prefix", building, ...options, `${PACKAGE}@${version}`];
    await run("npm", argv, { timeout: INSTALL_TIMEOUT_MS });
    await run(nodeIn(building, version).path, ["--version"]);
    await rename(building, folder).catch((error: unknown) => {
      // Another run of the tests was quicker.
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

async function removeOthers(cache: string, prefix: string, kept: string): Promise<void> {
  for (const version of await cachedVersions(cache, prefix)) {
    const folder = join(cache, `${prefix}${version}`);
    if (folder !== kept) await rm(folder, { recursive: true, force: true });
  }
}

async function cachedVersions(cache: string, prefix: string): Promise<string[]> {
  const entries = existsSync(cache) ? await readdir(cache) : [];
  return entries
    .filter((entry) => entry.startsWith(prefix) && !entry.includes(".building."))
    .map((entry) => entry.slice(prefix.length));
}

/** npm lists versions in no useful order. */
function newest(versions: readonly string[]): string | undefined {
  return [...versions].sort((one, other) => one.localeCompare(other, "en", { numeric: true })).at(-1);
}
