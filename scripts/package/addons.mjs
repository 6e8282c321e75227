// Builds sd-notify's addon for one ABI of Node after another: it is bound to V8. Headers come with the npm package of each Node.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const TOP = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const MAJORS = [20, 22, 24];
const PACKAGE = `node-linux-${process.arch}`;
const CACHE = join(process.env.XDG_CACHE_HOME ?? "/var/cache", "holdfast-test");
const INSTALL_TIMEOUT_MS = 180_000;

/** Builds into sd-notify's folder of the tree, where `bindings` finds the one for the Node that runs. Returns the ABIs. */
export function buildAddons(sdNotify) {
  const built = [];
  for (const major of MAJORS) {
    const headers = findHeaders(major);
    if (headers === undefined) {
      console.error(`No headers of Node ${major}: there messages to systemd go through libsystemd by koffi.`);
      continue;
    }
    const abi = /#define NODE_MODULE_VERSION (\d+)/.exec(
      readFileSync(join(headers, "node_version.h"), "utf8"),
    )?.[1];
    const folder = join(sdNotify, "lib", "binding", `node-v${abi}-linux-${process.arch}`);
    mkdirSync(folder, { recursive: true });
    compile(headers, join(folder, "notify.node"));
    built.push(`Node ${major} (ABI ${abi})`);
  }
  return built;
}

function compile(headers, target) {
  const standard = readFileSync(join(headers, "common.gypi"), "utf8").includes("gnu++20")
    ? "gnu++20"
    : "gnu++17";
  const flags = ["-shared", "-fPIC", "-O2", "-s", `-std=${standard}`, "-fno-rtti", "-fno-exceptions", "-w"];
  const hardening = ["-D_FORTIFY_SOURCE=2", "-fstack-protector-strong", "-Wl,-z,relro,-z,now"];
  const names = ["-DNODE_GYP_MODULE_NAME=notify", "-DBUILDING_NODE_EXTENSION", "-D_GNU_SOURCE"];
  const source = join(TOP, "node_modules", "sd-notify");
  execFileSync(
    "g++",
    [
      ...flags,
      ...hardening,
      ...names,
      "-I",
      headers,
      "-ffile-prefix-map=.=",
      "notify.cc",
      "-o",
      target,
      "-lsystemd",
    ],
    { cwd: source, stdio: "inherit" },
  );
}

/** Beside the Node that runs, in the cache (which the tests fill, too), or from the npm registry; undefined when nowhere. */
function findHeaders(major) {
  const own = join(dirname(dirname(process.execPath)), "include", "node");
  if (process.version.startsWith(`v${major}.`) && existsSync(join(own, "node.h"))) return own;
  const cached = () =>
    (existsSync(CACHE) ? readdirSync(CACHE) : [])
      .filter((entry) => entry.startsWith(`node-${major}-`) && !entry.includes(".building."))
      .map((entry) => join(CACHE, entry, "node_modules", PACKAGE, "include", "node"))
      .find((folder) => existsSync(join(folder, "node.h")));
  if (cached() === undefined) installNode(major);
  return cached();
}

/** Where it fails the headers may be there all the same: another build was quicker. */
function installNode(major) {
  try {
    mkdirSync(CACHE, { recursive: true });
    const building = mkdtempSync(join(CACHE, `node-${major}-.building.`));
    const options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
    const { status } = spawnSync(
      "npm",
      ["install", "--prefix", building, ...options, `${PACKAGE}@${major}`],
      {
        stdio: "inherit",
        timeout: INSTALL_TIMEOUT_MS,
      },
    );
    const manifest = join(building, "node_modules", PACKAGE, "package.json");
    if (status === 0 && existsSync(manifest)) {
      const { version } = JSON.parse(readFileSync(manifest, "utf8"));
      renameSync(building, join(CACHE, `node-${major}-${version}`));
    }
    rmSync(building, { recursive: true, force: true });
  } catch (error) {
    console.error(String(error));
  }
}
