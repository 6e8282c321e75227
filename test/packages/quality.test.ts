import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import * as v from "valibot";
import { runCommand } from "../harness/container/run-command.js";
import { buildAddOn, buildPackage, type Kind, OWN_VERSION } from "../harness/packages/build-package.js";

const TIMEOUT_MS = 120_000;

async function digestOf(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
}

async function buildElsewhere(t: TestContext, kind: Kind): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-package-"));
  t.after(() => rm(folder, { recursive: true }));
  const argv = [process.execPath, "scripts/package.mjs", kind, OWN_VERSION, folder] as const;
  const { code, stderr } = await runCommand(argv, { timeoutMs: TIMEOUT_MS });
  assert.equal(code, 0, stderr);
  const [file = ""] = (await readdir(folder)).filter((name) => !name.startsWith("dh-"));
  return join(folder, file);
}

const partsSchema = v.object({
  packages: v.array(
    v.object({
      name: v.string(),
      versionInfo: v.string(),
      licenseDeclared: v.string(),
      checksums: v.optional(v.array(v.object({ checksumValue: v.string() }))),
    }),
  ),
});

for (const kind of ["deb", "rpm"] as const) {
  it(`two builds of the .${kind} are the same byte for byte`, async (t) => {
    const first = await buildPackage(kind);
    assert.equal(await digestOf(await buildElsewhere(t, kind)), await digestOf(first));
  });
}

it("both packages have sd-notify's addon for Node 20, 22 and 24", async () => {
  const lists = [
    ["dpkg-deb", "--contents", await buildPackage("deb")],
    ["rpm", "-qpl", await buildPackage("rpm")],
  ] as const;
  for (const argv of lists) {
    const { stdout } = await runCommand(argv, { timeoutMs: TIMEOUT_MS });
    const found = [...stdout.matchAll(/node-v(\d+)-linux-\w+\/notify\.node$/gm)].map(([, abi]) => abi);
    assert.deepEqual(found.sort(), ["115", "127", "137"]);
  }
});

it("both packages say what they are made of, with version, licence and digest", async () => {
  const path = "/usr/lib/holdfast/sbom.spdx.json";
  const { stdout: inRpm } = await runCommand(["rpm", "-qpl", await buildPackage("rpm")], {
    timeoutMs: TIMEOUT_MS,
  });
  assert.ok(inRpm.split("\n").includes(path));
  const unpack = [
    "sh",
    "-c",
    `dpkg-deb --fsys-tarfile "$0" | tar -xO .${path}`,
    await buildPackage("deb"),
  ] as const;
  const { stdout } = await runCommand(unpack, { timeoutMs: TIMEOUT_MS });
  const parts = v.parse(partsSchema, JSON.parse(stdout));
  for (const name of ["koffi", "sd-notify", "systemd-socket", "winston"]) {
    const part = parts.packages.find((candidate) => candidate.name === name);
    assert.match(part?.versionInfo ?? "", /^\d/, name);
    assert.match(part?.checksums?.[0]?.checksumValue ?? "", /^[0-9a-f]{128}$/, name);
  }
  assert.ok(!parts.packages.some(({ name }) => name === "typescript"));
});

it("lintian has nothing to say about the .deb and the debhelper add-on", async () => {
  const files = [await buildPackage("deb"), await buildAddOn()];
  const argv = ["lintian", "--allow-root", "--fail-on", "error,warning", ...files] as const;
  const { code, stdout } = await runCommand(argv, { timeoutMs: TIMEOUT_MS });
  assert.equal(code, 0, stdout);
  assert.equal(stdout, "");
});

it("rpmlint finds no error and no warning in the .rpm", async () => {
  const argv = ["rpmlint", "--config", "packaging/rpm/rpmlint.toml", await buildPackage("rpm")] as const;
  const { code, stdout } = await runCommand(argv, { timeoutMs: TIMEOUT_MS });
  assert.equal(code, 0, stdout);
  assert.match(stdout, / 0 errors, 0 warnings/);
});

for (const name of ["example-chat", "example-wsgi"]) {
  it(`the unit of ${name} has all the settings of holdfast@.service, and no other but its own name and config`, async () => {
    const settings = (text: string): string[] => text.split("\n").filter((line) => /^[A-Z]\w+=/.test(line));
    const example = `packaging/examples/${name.replace("example-", "")}/debian/${name}.service`;
    const config = ` --config /usr/share/${name}/holdfast.toml`;
    const own = settings((await readFile(example, "utf8")).replace(config, ""));
    const template = await readFile("units/holdfast@.service", "utf8");
    const wanted = settings(template.replaceAll("holdfast@%i", "%i").replaceAll("%i", name));
    const isDescription = (line: string): boolean => line.startsWith("Description=");
    assert.deepEqual(
      own.filter((line) => !isDescription(line)),
      wanted.filter((line) => !isDescription(line)),
    );
  });
}
