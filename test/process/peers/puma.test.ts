import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { messageOf } from "../../../src/lib/failure.js";
import { Rig } from "../../harness/process/rig.js";

const body = Buffer.alloc(16 * 1024, "x");

/** What was answered to a POST; never sent twice. */
async function post(port: number, agent: Agent): Promise<string> {
  const asked = request({ port, host: "127.0.0.1", method: "POST", path: "/take", agent, timeout: 15_000 });
  asked.on("timeout", () => asked.destroy(new Error("no answer")));
  // In two pieces, so that an upgrade may come between them.
  asked.write(body.subarray(0, body.length / 2));
  setImmediate(() => asked.end(body.subarray(body.length / 2)));
  return new Promise((resolve, reject) => {
    asked.on("error", reject).on("response", (response) => text(response).then(resolve, reject));
  });
}

for (const native of [false, true]) {
  test(`puma: restarts under a loop of 16 KB POSTs drop none, ${native ? "native" : "plain"} workers`, async () => {
    await using rig = new Rig({ workers: 2, native });
    await rig.manager.startReady();
    const agent = new Agent({ keepAlive: native, maxSockets: 8 });
    const failures: string[] = [];
    let answered = 0;
    let going = true;
    const loops = Array.from({ length: 8 }, async () => {
      while (going) {
        await post(rig.port, agent).then(
          () => {
            answered += 1;
          },
          (error) => failures.push(messageOf(error)),
        );
      }
    });
    for (let round = 0; round < 3; round++) {
      const from = answered;
      assert.equal((await rig.upgrade()).failure, null);
      await rig.settled();
      // A restart of everything: the daemon goes, too.
      await rig.manager.kill9();
      await rig.manager.startReady();
      await rig.manager.waitFor("answers", () => answered > from + 50);
    }
    going = false;
    await Promise.all(loops);
    agent.destroy();
    assert.deepEqual(failures, []);
  });
}

/** Loads its dependency only when the first request asks for it, as frameworks do. */
const server = `
const { createServer } = require("node:http");
createServer((request, response) => {
  const version = require("./version.js") + " with " + require("dependency");
  response.setHeader("Connection", "close");
  response.end(JSON.stringify({ generation: Number(process.env.HOLDFAST_GENERATION), version, pid: process.pid }));
}).listen({ fd: 3 });
process.on("SIGTERM", () => process.exit());
`;

test("puma: a dependency's version changes during the restart, in place: each generation loads its own", async () => {
  await using rig = new Rig({ config: "" });
  const release = rig.makeDirectory("app");
  mkdirSync(join(release, "node_modules", "dependency"), { recursive: true });
  writeFileSync(join(release, "server.js"), server);
  const install = (version: string): void => {
    writeFileSync(join(release, "version.js"), `module.exports = "app ${version}";`);
    writeFileSync(
      join(release, "node_modules/dependency/index.js"),
      `module.exports = "dependency ${version}";`,
    );
  };
  install("1");
  writeFileSync(
    rig.configFile,
    `command = [${JSON.stringify(process.execPath)}, "server.js"]\nrelease = "${release}"\n[ready]\nafter = "300ms"\n`,
  );
  await rig.manager.startReady();
  install("2");
  assert.equal((await rig.upgrade("upgrade", { hold: true })).failure, null);
  // Neither has loaded anything of it yet.
  const seen = new Set<string>();
  await rig.manager.waitFor("both generations", async () => {
    const { generation, version } = await rig.ask();
    return seen.add(`${generation}: ${version}`).size >= 2;
  });
  assert.deepEqual([...seen].sort(), ["1: app 1 with dependency 1", "2: app 2 with dependency 2"]);
});

test("puma: a worker that never ends does not hold up the restarts after it", async () => {
  await using rig = new Rig();
  await rig.manager.startReady();
  const gate = join(rig.directory, "gate");
  const stuck = rig.ask(`/hold?${gate}`);
  await rig.ask();
  for (const version of ["2", "3"]) {
    rig.release({ version });
    assert.equal((await rig.upgrade()).failure, null);
    await rig.manager.waitFor(`version ${version}`, async () => (await rig.ask()).version === version);
  }
  const phases = (await rig.status()).generations.map(({ id, phase }) => [id, phase]);
  assert.deepEqual(phases[0], [1, "draining"]);
  assert.deepEqual(phases.at(-1), [3, "active"]);
  rig.openGate(gate);
  assert.equal((await stuck).generation, 1);
  await rig.settled();
});
