// Makes a checkout ready: setup.mjs start|test|deb|rpm. Debian packages where root may install them, else it says which; then npm ci.
// Does nothing, quickly, when nothing is missing.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const TOP = dirname(dirname(fileURLToPath(import.meta.url)));
/** To build sd-notify's addon; without it Holdfast calls libsystemd itself. */
const TO_START = ["g++", "make", "python3", "libsystemd-dev"];
/** To make and boot the containers of the system tests, and what talks to the servers in others. */
const TO_TEST = [
  "debootstrap",
  "systemd-container",
  "debian-archive-keyring",
  // Real clients of the hand-over tests.
  "curl",
  "openssl",
  "wrk",
  "nghttp2-client",
  // The examples of hooks, and who reads their shell.
  "jq",
  "shellcheck",
  // What the collection is run by, and judged.
  "ansible-core",
  "ansible-lint",
  // The browser that looks at the page.
  "chromium",
];
/** To build packages, and to judge them. */
const TO_PACKAGE = {
  deb: ["dpkg-dev", "debhelper", "fakeroot"],
  rpm: ["rpm", "dpkg-dev"],
};
const PURPOSES = {
  start: TO_START,
  test: [...TO_START, ...TO_TEST, ...TO_PACKAGE.deb, ...TO_PACKAGE.rpm, "lintian", "rpmlint"],
  deb: [...TO_START, ...TO_PACKAGE.deb],
  rpm: [...TO_START, ...TO_PACKAGE.rpm],
};

function run(command, args, env = {}) {
  return spawnSync(command, args, { cwd: TOP, stdio: "inherit", env: { ...process.env, ...env } }).status;
}

function findMissing(packages) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own notation
  const format = "${Package} ${db:Status-Status}\n";
  const { status, stdout } = spawnSync("dpkg-query", ["-W", "-f", format, ...packages], { encoding: "utf8" });
  if (status === null) return packages; // no dpkg here: not Debian
  return packages.filter((name) => !stdout.includes(`${name} installed\n`));
}

/** True when something was installed. */
function installPackages(packages) {
  const missing = findMissing(packages);
  if (missing.length === 0) return false;
  const command = `apt-get install ${missing.join(" ")}`;
  if (process.getuid() !== 0) {
    console.error(`Missing, and only root can install it: ${command}`);
    return false;
  }
  console.error(`Installing: ${command}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const done =
    run("apt-get", ["update", "-qq"], env) === 0 &&
    run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], env) === 0;
  if (!done) console.error(`That did not work; going on without. By hand: ${command}`);
  return done;
}

function areModulesStale() {
  const installed = join(TOP, "node_modules", ".package-lock.json");
  return (
    !existsSync(installed) || statSync(installed).mtimeMs < statSync(join(TOP, "package-lock.json")).mtimeMs
  );
}

const purpose = process.argv[2];
const packages = PURPOSES[purpose];
if (packages === undefined) {
  console.error("usage: setup.mjs start|test|deb|rpm");
  process.exit(2);
}
const installed = installPackages(packages);
if (installed || areModulesStale()) process.exitCode = run("npm", ["ci", "--no-audit", "--no-fund"]) ?? 1;
