import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { pathInCheckout } from "../harness/container/checkout.js";
import type { Behaviour } from "../harness/process/behaviour.js";
import { Together } from "../harness/process/together.js";
import { temporaryDirectory } from "../unit/control/rig.js";

const cli = fileURLToPath(new URL("../../src/cli.js", import.meta.url));
const page = readFileSync(pathInCheckout("docs", "fleet.md"), "utf8");

/** A script of the page, by what its first comment begins with. */
function scriptOf(comment: string): string {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = ""]) => block);
  const script = blocks.find((block) => block.startsWith(`#!/bin/sh\n# ${comment} `));
  assert.ok(script !== undefined, `docs/fleet.md has no script ${comment}`);
  return script;
}

/** Three services, each a host of its own, with what the page has installed there; `ssh` goes to them. */
function prepare(context: TestContext, together: Together) {
  const bin = temporaryDirectory(context);
  const put = (file: string, script: string): void => writeFileSync(join(bin, file), script, { mode: 0o755 });
  put("holdfast", `#!/bin/sh\nexec ${process.execPath} ${cli} "$@"\n`);
  put("roll", scriptOf("roll"));
  put("ssh", '#!/bin/sh\nhost=$1; shift; exec sh -c "$host-$*"\n');
  for (const rig of together.rigs) {
    const script = scriptOf("deploy-web")
      .replaceAll("/srv/web", rig.directory)
      .replaceAll("-n web", `-n ${rig.name}`);
    put(`${rig.name}-deploy-web`, script);
  }
  const env = { ...together.environment, PATH: `${bin}:${process.env["PATH"]}` };
  return async (...args: readonly string[]): Promise<number | null> => {
    const child = spawn(join(bin, "roll"), args, { env, stdio: ["ignore", "ignore", "inherit"] });
    await once(child, "close");
    return child.exitCode;
  };
}

/** The release of a host, below where its others are. */
function bring(together: Together, version: string, behaviours: readonly Behaviour[]): void {
  for (const [index, { directory, ...rig }] of together.rigs.entries()) {
    const folder = join(directory, "releases", version);
    const behaviour = behaviours[index];
    assert.ok(behaviour !== undefined, rig.name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "puppet.json"), JSON.stringify(behaviour));
  }
}

test("the scripts of docs/fleet.md roll a version host by host, and take all back from one that is bad", async (context) => {
  await using together = new Together({ native: true });
  await together.startReady();
  const roll = prepare(context, together);
  const links = () =>
    together.rigs.map(({ directory }) => basename(readlinkSync(join(directory, "current"))));
  const good = (version: string): Behaviour[] => together.rigs.map(() => ({ version }));

  bring(together, "1.4", good("1.4"));
  assert.equal(await roll("1.4", "1.3", ...together.names), 0);
  await together.settled();
  assert.deepEqual(
    [links(), await together.versions()],
    [
      ["1.4", "1.4", "1.4"],
      ["1.4", "1.4", "1.4"],
    ],
  );

  bring(together, "1.5", [{ version: "1.5" }, { version: "1.5" }, { version: "1.5", boot: "crash" }]);
  assert.equal(await roll("1.5", "1.4", ...together.names), 1);
  await together.settled();
  assert.deepEqual(
    [links(), await together.versions()],
    [
      ["1.4", "1.4", "1.4"],
      ["1.4", "1.4", "1.4"],
    ],
  );
  const deployed = together.web.state().outcomes.map(({ asked }) => asked?.message);
  assert.deepEqual(deployed.slice(-3), ["release 1.4", "release 1.5", "release 1.4"]);
});
