import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { pathInCheckout } from "../../harness/container/checkout.js";

const advisory = {
  id: 1,
  url: "https://example.com/1",
  title: "a known fault",
  severity: "high",
  vulnerable_versions: "*",
  cwe: [],
  cvss: { score: 0, vectorString: null },
};
const koffi = { name: "koffi", versions: { "3.3.4": { name: "koffi", version: "3.3.4", dist: {} } } };

interface End {
  readonly code: number | null;
  readonly said: string;
}

/** `npm run audit` with a registry that knows these faults by package, or answers nothing. */
async function audit(t: TestContext, faults: object | undefined): Promise<End> {
  const registry = createServer((request, response) => {
    request.resume();
    if (faults === undefined) response.statusCode = 405;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(request.method === "POST" ? (faults ?? {}) : koffi));
  });
  t.after(() => registry.close());
  await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
  const { port } = registry.address() as AddressInfo;
  const env = {
    ...process.env,
    npm_config_registry: `http://127.0.0.1:${port}/`,
    npm_config_fetch_retries: "0",
  };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [pathInCheckout("scripts/audit.mjs")],
      { env },
      (_, stdout, stderr) => {
        resolve({ code: child.exitCode, said: stdout + stderr });
      },
    );
  });
}

test("an audit finds nothing where no fault is known", async (t) => {
  const { code, said } = await audit(t, {});
  assert.equal(code, 0, said);
});

test("an audit names a locked package with a known fault, and fails", async (t) => {
  const { code, said } = await audit(t, { koffi: [advisory] });
  assert.equal(code, 1, said);
  assert.match(said, /^koffi .*: high: a known fault, https:\/\/example\.com\/1$/m);
});

test("an audit that the registry does not answer says so, and counts as none", async (t) => {
  const { code, said } = await audit(t, undefined);
  assert.equal(code, 2, said);
  assert.match(said, /the registry gives no answer/);
});
