import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ensureNode, type Major } from "./ensure-node.js";
import { runTests } from "./run-tests.js";
import { upgradeThrough } from "./upgrade-through.js";

const testsTimeoutMs = 600_000;
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
const samples = fileURLToPath(new URL("../../unit/docs/examples.test.js", import.meta.url));

/** The unit tests of that, and the samples of the library's page. */
function findLibraryTests(): string[] {
  const tests = bound.flatMap((part) => {
    const folder = fileURLToPath(new URL(`../../unit/worker/${part}`, import.meta.url));
    const files = readdirSync(folder).filter((file) => file.endsWith(".test.js"));
    assert.ok(files.length > 0, folder);
    return files
      .map((file) => join(folder, file))
      .filter((file) => !leftOut.some((one) => file.endsWith(one)));
  });
  return [...tests, samples];
}

/** Declares the tests of what may be different on another release of Node: a file for each, for the runner's sake. */
export function declareOnNode(major: Major): void {
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
