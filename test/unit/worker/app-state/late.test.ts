import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

const library = new URL("../../../../src/worker/index.js", import.meta.url).href;

const app = `
import { createServer } from "node:http";
import { serve, state } from ${JSON.stringify(library)};
const define = (name) => state({ name, version: 1, initial() {}, save: () => 1, restore() {} });
define("early");
const serving = serve(createServer(), { port: 0, host: "127.0.0.1" });
try {
  define("late");
} catch ({ code, message }) {
  console.log(code, message);
}
await serving;
process.exit(0);
`;

test("a state that is defined after serve is refused, with what to do", async () => {
  const { NOTIFY_SOCKET: _, ...env } = process.env;
  const options = { env, timeout: 20_000 };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", app],
    options,
  );
  assert.match(stdout, /^state-late cannot define the state late: call state\(\) before serve\(\)/);
});
