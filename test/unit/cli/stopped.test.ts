import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chownSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { initialState } from "../../../src/model/state.js";
import { encodeRecord } from "../../../src/state/encode.js";
import { LedgerFile } from "../../../src/state/ledger-file.js";
import { stateFilePath, writeStateFile } from "../../../src/state/state-file.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";
import { account } from "./an-account.js";
import { runCli } from "./run-cli.js";

const ended = {
  kind: "generation",
  generation: 3,
  release: "/srv/web",
  version: "1.3",
  commit: null,
  origin: null,
  from: 1_700_000_000_000,
  to: 1_700_000_060_000,
  why: { kind: "stopped" },
  cut: false,
  proved: true,
  counters: null,
} as const;
const record = { name: "web", bootId: "x", revision: 1, state: initialState };

test("history of a service that does not run is what it has written down, whoever its user is", async (t) => {
  const directory = temporaryDirectory(t);
  assert.equal(new LedgerFile(directory).append(ended.to, ended), undefined);
  assert.ok(writeStateFile(directory, encodeRecord(record)).ok);
  if (process.geteuid?.() === 0) chownSync(stateFilePath(directory), 4242, 4242);
  const env = { STATE_DIRECTORY: directory, RUNTIME_DIRECTORY: join(directory, "run") };
  const { status, stdout, stderr } = await runCli(["-n", "test-web", "history"], env);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^3 +1\.3 .* \/srv\/web +proved; told to stop$/m);
  assert.ok(stderr.includes(directory));
  const json = JSON.parse((await runCli(["-n", "test-web", "history", "--json"], env)).stdout);
  assert.deepEqual(
    json.map((one: { generation: number }) => one.generation),
    [3],
  );
});

test("the account of an upgrade is there when the service does not run", async (t) => {
  const directory = temporaryDirectory(t);
  const ledger = new LedgerFile(directory);
  ledger.append(ended.to, { kind: "account", account });
  ledger.append(ended.to, { ...ended, generation: 9 });
  const env = { STATE_DIRECTORY: directory, RUNTIME_DIRECTORY: join(directory, "run") };
  const { status, stdout, stderr } = await runCli(["-n", "test-web", "history", "9"], env);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^generation 9, version 1\.3: proved; told to stop$/m);
  assert.match(stdout, /^http +8 old +40 +18 +1204 /m);
  assert.match((await runCli(["-n", "test-web", "history", "8"], env)).stderr, /no generation 8 is known/);
});

test("without daemon and without anything written down there is no history", async (t) => {
  const directory = temporaryDirectory(t);
  const env = { STATE_DIRECTORY: directory, RUNTIME_DIRECTORY: join(directory, "run") };
  const { status, stderr } = await runCli(["-n", "test-web", "history"], env);
  assert.equal(status, 3);
  assert.ok(stderr.includes(directory));
});

test("neither a link nor a pipe in the place of the ledger is read", { timeout: 30_000 }, async (t) => {
  const directory = temporaryDirectory(t);
  const other = temporaryDirectory(t);
  new LedgerFile(other).append(ended.to, ended);
  symlinkSync(join(other, "history.jsonl"), join(directory, "history.jsonl"));
  execFileSync("mkfifo", [join(directory, "history.jsonl.1")]);
  const env = { STATE_DIRECTORY: directory, RUNTIME_DIRECTORY: join(directory, "run") };
  assert.equal((await runCli(["-n", "test-web", "history"], env)).status, 3);
});
