import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { promisify } from "node:util";
import { pathInCheckout } from "../container/checkout.js";
import { HarnessError } from "../harness-error.js";

const run = promisify(execFile);
const BUILD_TIMEOUT_MS = 120_000;

export type Kind = "deb" | "rpm";

/** The version that is built without saying which: that of package.json. */
export const OWN_VERSION = "0.1.0";
export const NEXT_VERSION = "0.1.1";

/**
 * The package of Holdfast in a version, built as `npm run package:deb` and `package:rpm` do, once a run of the tests. Its programs
 * say that they are of that version. Returns its path from the top of the checkout.
 */
export function buildPackage(kind: Kind, version: string = OWN_VERSION): Promise<string> {
  return buildOnce(`${kind}-${version}`, async (folder) => {
    await run(process.execPath, [pathInCheckout("scripts/package.mjs"), kind, version, folder], {
      timeout: BUILD_TIMEOUT_MS,
    });
  });
}

/** The debhelper add-on, as it was built with the .deb of Holdfast. */
export async function buildAddOn(): Promise<string> {
  await buildPackage("deb");
  return theOne(pathInCheckout("build", "packages", `deb-${OWN_VERSION}`), isAddOn);
}

/** A .deb of the same name in which a file is another one; what a bad release would be, or a later one. */
export function changeDeb(
  deb: string,
  version: string,
  path: string,
  change: (text: string) => string,
): Promise<string> {
  return buildOnce(`deb-${version}`, async (folder) => {
    const tree = join(folder, "tree");
    await run("dpkg-deb", ["--raw-extract", pathInCheckout(deb), tree]);
    await run("sed", ["-i", `s/^Version: .*/Version: ${version}/`, join(tree, "DEBIAN/control")]);
    await writeFile(join(tree, path), change(await readFile(join(tree, path), "utf8")));
    await run("dpkg-deb", ["--build", "-Znone", tree, join(folder, `holdfast_${version}.deb`)]);
    await rm(tree, { recursive: true });
  });
}

/** The same for the .rpm. */
export function changeRpm(
  rpm: string,
  version: string,
  path: string,
  change: (text: string) => string,
): Promise<string> {
  return buildOnce(`rpm-${version}`, async (folder) => {
    const work = await mkdtemp(join(tmpdir(), "holdfast-rpm-"));
    try {
      const tree = join(work, "tree");
      await mkdir(tree);
      await run("sh", ["-c", 'rpm2archive - < "$0" | tar --extract --gzip', pathInCheckout(rpm)], {
        cwd: tree,
      });
      await writeFile(join(tree, path), change(await readFile(join(tree, path), "utf8")));
      const definitions = [
        `_topdir ${work}`,
        `holdfast_version ${version}`,
        `holdfast_tree ${tree}`,
        `holdfast_top ${pathInCheckout()}`,
      ];
      const options = definitions.flatMap((definition) => ["--define", definition]);
      await run("rpmbuild", ["-bb", "--quiet", ...options, pathInCheckout("packaging/rpm/holdfast.spec")]);
      const [file = ""] = (await readdir(join(work, "RPMS"), { recursive: true })).filter((name) =>
        name.endsWith(".rpm"),
      );
      await cp(join(work, "RPMS", file), join(folder, basename(file)));
    } finally {
      await rm(work, { recursive: true });
    }
  });
}

/** Makes a daemon of one whose state file has the next format, which it alone can read. */
export function raiseStateFormat(daemon: string): string {
  return daemon.replace(
    /(var stateFormat = )(\d+)/,
    (_, begin: string, format: string) => begin + (Number(format) + 1),
  );
}

/**
 * For Debian 12: a package `nodejs` with the Node that runs the tests, in place of NodeSource's, which is made like it: one file in
 * /usr/bin that brings all its libraries.
 */
export function buildNodeDeb(): Promise<string> {
  return buildOnce("nodejs", async (folder) => {
    const tree = join(folder, "tree");
    await mkdir(join(tree, "DEBIAN"), { recursive: true });
    await mkdir(join(tree, "usr/bin"), { recursive: true });
    await cp(process.execPath, join(tree, "usr/bin/node"));
    const { stdout } = await run("dpkg", ["--print-architecture"]);
    const control = [
      "Package: nodejs",
      `Version: ${process.versions.node}-1test1`,
      `Architecture: ${stdout.trim()}`,
      "Maintainer: nobody <nobody@holdfast.invalid>",
      "Description: the Node that runs the tests",
      "",
    ];
    await writeFile(join(tree, "DEBIAN/control"), control.join("\n"));
    await run("dpkg-deb", ["--build", "--root-owner-group", "-Znone", tree, join(folder, "nodejs.deb")]);
    await rm(tree, { recursive: true });
  });
}

const isAddOn = (file: string): boolean => file.startsWith("dh-holdfast_");

/** Runs `build` in a folder of its own, once a run of the tests; the one package in it is the result. */
export async function buildOnce(name: string, build: (folder: string) => Promise<void>): Promise<string> {
  return theOne(await makeOnce(name, build), (file) => !isAddOn(file));
}

const made = new Map<string, Promise<string>>();

/** The same for any folder; whoever asks while it is being made waits for it. */
export function makeOnce(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = pathInCheckout("build", "packages", name);
  const making = made.get(name) ?? makeUnlessThere(folder, make);
  made.set(name, making);
  return making;
}

/** It may have been made by another file of this run of the tests, or be in the making there. */
async function makeUnlessThere(folder: string, make: (folder: string) => Promise<void>): Promise<string> {
  if (existsSync(folder)) return folder;
  await mkdir(pathInCheckout("build", "packages"), { recursive: true });
  const making = await mkdtemp(`${folder}.building.`);
  await make(making);
  await rename(making, folder).catch(async (error: unknown) => {
    // Another file of this run was quicker.
    if (!existsSync(folder)) throw error;
    await rm(making, { recursive: true });
  });
  return folder;
}

async function theOne(folder: string, isWanted: (file: string) => boolean): Promise<string> {
  const [file, other] = (await readdir(folder)).filter(isWanted);
  if (file === undefined || other !== undefined) {
    throw new HarnessError("package", `cannot tell which is the package in ${folder}`);
  }
  return relative(pathInCheckout(), join(folder, file));
}
