import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { runCommand } from "../harness/container/run-command.js";
import { OWN_VERSION } from "../harness/packages/build-package.js";

let top = "";
let collection = "";

before(async () => {
  top = await mkdtemp(join(tmpdir(), "holdfast-collection-"));
  collection = join(top, "ansible_collections/holdfast/holdfast");
  await mkdir(join(top, "ansible_collections/holdfast"), { recursive: true });
  await cp("packaging/ansible", collection, { recursive: true });
});

after(() => rm(top, { recursive: true }));

/** On the collection as it is laid out where it is installed. */
async function run(argv: readonly [string, ...string[]]) {
  const [program, ...args] = argv;
  const where = [
    `ANSIBLE_COLLECTIONS_PATH=${top}`,
    `ANSIBLE_HOME=${join(top, "home")}`,
    "NO_COLOR=1",
    `HOME=${top}`,
    "PATH=/usr/bin:/bin",
  ];
  const inside = ["env", "-C", collection, ...where, program, ...args] as const;
  const { code, stdout, stderr } = await runCommand(inside, { timeoutMs: 120_000 });
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  return stdout;
}

it("ansible-lint has nothing to say about the collection, by its strictest profile", async () => {
  assert.equal(await run(["/usr/bin/ansible-lint", "--offline", "--nocolor", "-p", "--strict", "-q"]), "");
});

/** Those of ansible-test's that need no package of PyPI's. */
const sanityTests = [
  "action-plugin-docs",
  "compile",
  "empty-init",
  "future-import-boilerplate",
  "line-endings",
  "metaclass-boilerplate",
  "no-assert",
  "no-basestring",
  "no-get-exception",
  "no-illegal-filenames",
  "no-main-display",
  "no-smart-quotes",
  "replace-urlopen",
  "shebang",
  "symlinks",
  "use-argspec-type-path",
  "use-compat-six",
];

it("ansible-test finds nothing in the collection, as far as it runs without a network", async () => {
  const { stdout: version } = await runCommand(
    ["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
    { timeoutMs: 10_000 },
  );
  const chosen = sanityTests.flatMap((name) => ["--test", name]);
  await run(["/usr/bin/ansible-test", "sanity", ...chosen, "--python", version.trim()]);
});

it("ansible-doc knows each module, with all that it takes", async () => {
  for (const name of ["holdfast", "fleet_run", "release"]) {
    const text = await run(["/usr/bin/ansible-doc", "--json", `holdfast.holdfast.${name}`]);
    assert.match(text, /"short_description"/);
  }
  assert.match(await run(["/usr/bin/ansible-doc", "-t", "role", "-l", "holdfast.holdfast"]), /service main/);
});

it("the playbooks are found by their names in the collection, and are in order", async () => {
  for (const name of ["roll", "stage_and_commit"]) {
    await run([
      "/usr/bin/ansible-playbook",
      "--syntax-check",
      "-i",
      "localhost,",
      `holdfast.holdfast.${name}`,
    ]);
  }
});

it("ansible-galaxy builds the collection without a network", async () => {
  await run(["/usr/bin/ansible-galaxy", "collection", "build", "--output-path", join(top, "out")]);
  assert.deepEqual(await readdir(join(top, "out")), ["holdfast-holdfast-0.1.0.tar.gz"]);
});

it("the collection has the version of the package", async () => {
  const text = await readFile(join(collection, "galaxy.yml"), "utf8");
  assert.ok(text.includes(`\nversion: ${OWN_VERSION}\n`), text);
});
