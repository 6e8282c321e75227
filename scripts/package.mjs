// Builds a package into out/: package.mjs deb|rpm [VERSION [FOLDER]]. Two builds of one source are the same byte for byte.
// VERSION and FOLDER are for the tests, which need packages that differ in their version.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { layOut } from "./package/tree.mjs";

const TOP = dirname(dirname(fileURLToPath(import.meta.url)));
const { version: OWN } = JSON.parse(readFileSync(join(TOP, "package.json"), "utf8"));

process.umask(0o022);
const [kind, version = OWN, out = join(TOP, "out")] = process.argv.slice(2);
if (kind !== "deb" && kind !== "rpm") {
  console.error("usage: package.mjs deb|rpm [VERSION [FOLDER]]");
  process.exit(2);
}
const work = join(out, `build-${kind}`);
rmSync(work, { recursive: true, force: true });
mkdirSync(work, { recursive: true });
const packages = kind === "deb" ? buildDeb() : buildRpm();
for (const file of packages) cpSync(join(work, file), join(out, file.split("/").at(-1)));
rmSync(work, { recursive: true, force: true });
console.log(packages.map((file) => join(relative(TOP, out), file.split("/").at(-1))).join("\n"));

/** The time of the last entry of the changelog stands in both packages for the time of the build. */
function stamp() {
  const changelog = join(TOP, "packaging/deb/changelog");
  return execFileSync("dpkg-parsechangelog", ["-l", changelog, "-S", "Timestamp"], {
    encoding: "utf8",
  }).trim();
}

function epoch() {
  return process.env.SOURCE_DATE_EPOCH ?? stamp();
}

/** Its output is of interest only when it fails. */
function run(command, args, cwd) {
  const env = {
    ...process.env,
    SOURCE_DATE_EPOCH: epoch(),
    LC_ALL: "C.UTF-8",
  };
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} failed: ${error ?? ""}\n${stdout}\n${stderr}`);
}

function tell(addons) {
  console.log(`sd-notify's addon: ${addons.join(", ")}`);
}

function buildDeb() {
  const source = join(work, `holdfast-${version}`);
  cpSync(join(TOP, "packaging/deb"), join(source, "debian"), { recursive: true });
  cpSync(join(TOP, "packaging/debhelper"), join(source, "debhelper"), { recursive: true });
  const changelog = join(source, "debian/changelog");
  const text = readFileSync(changelog, "utf8");
  if (!text.startsWith(`holdfast (${OWN})`))
    throw new Error(`packaging/deb/changelog does not begin with ${OWN}`);
  writeFileSync(changelog, text.replace(OWN, version));
  tell(layOut(join(source, "tree"), "deb", version, epoch()));
  run("dpkg-buildpackage", ["--build=binary", "--unsigned-changes", "--no-sign"], source);
  return readdirSync(work).filter((file) => file.endsWith(".deb"));
}

function buildRpm() {
  const tree = join(work, "tree");
  tell(layOut(tree, "rpm", version, epoch()));
  const definitions = { _topdir: work, holdfast_version: version, holdfast_tree: tree, holdfast_top: TOP };
  const options = Object.entries(definitions).flatMap(([name, value]) => ["--define", `${name} ${value}`]);
  run("rpmbuild", ["-bb", "--quiet", ...options, join(TOP, "packaging/rpm/holdfast.spec")], work);
  return readdirSync(join(work, "RPMS"), { recursive: true })
    .filter((file) => file.endsWith(".rpm"))
    .map((file) => `RPMS/${file}`);
}
