import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startLoad } from "../harness/load/start-load.js";
import { ensureNode, MAJORS, type OtherNode } from "../harness/nodes/ensure-node.js";
import { runTests } from "../harness/nodes/run-tests.js";
import { Rig } from "../harness/process/rig.js";
import { withoutJudges } from "../harness/process/unjudged.js";
import { assertNothingReopened } from "../harness/service/under-load.js";

const testsTimeoutMs = 400_000;
const kept = 20;
/** What is bound to the insides of a Node release: the carriers, and the preload. */
const bound = [
  ...["http", "http2", "tcp", "tls", "udp", "websocket"].map((protocol) => join("carriers", protocol)),
  "preload",
];
/** The one takes long, for its clients more than for the server; the others are about packages and types, and the daemon. */
const leftOut = [
  join("http", "clients.test.js"),
  ...["package", "undeclared", "wrappers"].map((name) => join("preload", `${name}.test.js`)),
];
const samples = fileURLToPath(new URL("../unit/docs/examples.test.js", import.meta.url));
const app = fileURLToPath(new URL("../harness/nodes/web-app.js", import.meta.url));
const own: OtherNode = { version: process.version, path: process.execPath };

/** The unit tests of that, and the samples of the library's page. */
function findLibraryTests(): string[] {
  const tests = bound.flatMap((part) => {
    const folder = fileURLToPath(new URL(`../unit/worker/${part}`, import.meta.url));
    const files = readdirSync(folder).filter((file) => file.endsWith(".test.js"));
    assert.ok(files.length > 0, folder);
    return files
      .map((file) => join(folder, file))
      .filter((file) => !leftOut.some((one) => file.endsWith(one)));
  });
  return [...tests, samples];
}

function configure(rig: Rig, { path }: OtherNode): void {
  const config = [
    `command = ${JSON.stringify([path, app])}`,
    `release = ${JSON.stringify(join(rig.directory, "current"))}`,
    "workers = 2",
    "[listeners.http]",
    `address = "127.0.0.1:${rig.port}"`,
  ];
  writeFileSync(rig.configFile, withoutJudges(`${config.join("\n")}\n`));
}

/** A generation on each of these, one after the other, under a load that must not notice. */
async function upgradeThrough(first: OtherNode, ...others: readonly OtherNode[]): Promise<void> {
  await using rig = new Rig();
  configure(rig, first);
  await rig.manager.startReady();
  await using load = await startLoad(null, {
    address: `127.0.0.1:${rig.port}`,
    keepAlive: kept,
    slowMs: 300,
  });
  for (const node of others) {
    configure(rig, node);
    assert.equal((await rig.upgrade()).failure, null);
    const { generations } = await rig.settled();
    assert.ok(generations[0]?.workers.every(({ native }) => native));
    await load.waitForMore(2);
  }
  const report = await load.stop();
  assertNothingReopened(report, kept);
  assert.deepEqual(
    Object.keys(report.versions),
    [first, ...others].map(({ version }, at) => `${version}/${at + 1}`),
  );
}

for (const major of MAJORS) {
  test(`what moves connections, and the preload, keep their promises on Node ${major}`, async () => {
    const files = findLibraryTests();
    const { code, passed, skipped, output } = await runTests(
      (await ensureNode(major)).path,
      files,
      testsTimeoutMs,
    );
    assert.equal(code, 0, output);
    assert.ok(passed >= files.length, output);
    assert.equal(skipped, 0, output);
  });

  test(`on Node ${major} kept connections stay open over two upgrades, and no request is lost`, async () => {
    const node = await ensureNode(major);
    await upgradeThrough(node, node, node);
  });
}

test("connections move from one Node release to the next, and back", async () => {
  const others = await Promise.all(MAJORS.map(ensureNode));
  await upgradeThrough(own, ...others, own);
});
