import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAccount, formatEntry } from "../../../src/cli/account/format-account.js";
import { sumUp } from "../../../src/cli/account/sum-up.js";
import type { AccountReport } from "../../../src/lib/account.js";
import { startServer } from "../control/rig.js";
import { account, entry, unmeasured } from "./an-account.js";
import { runCli } from "./run-cli.js";

const wide = { paint: (_: string, text: string) => text, width: Number.POSITIVE_INFINITY };
const page = (changes: Partial<AccountReport> = {}): string =>
  formatAccount({ ...account, ...changes }, wide).join("\n");

test("the account of an upgrade tells phases, connections and responses of old and new, the kernel, who and why", () => {
  const text = page();
  assert.match(text, /^upgrade 12: upgrade, over after 1 min 12 s\nasked for 2023-11-1\d \S+ by root$/m);
  assert.match(text, /^why: new prices\nverdict: proved$/m);
  assert.match(
    text,
    /^PHASE +AFTER +TOOK\nprepare +0 s +9 ms\ncopy +9 ms +0\.12 s\ntrial +0\.41 s +3 s\ndrain +/m,
  );
  assert.match(
    text,
    /^CONNECTIONS +GENERATION +ACCEPTED +FINISHED +MOVED +ADOPTED +CUT\nadmin +8 old +1 +0 +0 +0 +2\nhttp +8 old +40 +18 +1204 +0 +0\nhttp +9 new +340 +0 +0 +1204 +0$/m,
  );
  assert.match(text, /^http +9 new +119 +0 +1 +0 +0$/m);
  assert.match(
    text,
    /^generation 8 \(old\): no worker died\ngeneration 9 \(new\): workers died 2 times\nall queues of this machine \(its network namespace\) overflowed: 0 times; connections that they dropped: 0$/m,
  );
  assert.match(text, /^fullest queue of http: 3 of 511\nfullest queue of admin: 0 of 128$/m);
  assert.match(text, /nobody accepted: 12 ms$/m);
});

test("what was not measured is told to be so, and never as nothing", () => {
  const text = formatAccount(unmeasured, wide).join("\n");
  assert.match(
    text,
    /^connections and responses of generation 8 \(old\) and generation 9 \(new\): not measured/m,
  );
  assert.match(text, /^the kernel: not measured$/m);
  assert.doesNotMatch(text, /CUT|5XX|overflowed/);
  const halfBlind = page({ witness: { overflows: null, drops: null, backlogs: [], stillMs: null } });
  assert.equal(halfBlind.match(/not measured/g)?.length, 4);
  for (const line of sumUp(unmeasured)) assert.match(line, /: not measured/);
});

test("a plain generation beside a native one has no numbers, and the other one has", () => {
  const text = page({ old: unmeasured.old });
  assert.match(text, /^http +9 new +340 /m);
  assert.match(text, /^connections and responses of generation 8 \(old\): not measured/m);
  assert.deepEqual(sumUp({ ...account, old: unmeasured.old }).slice(0, 2), [
    "connections: old not measured; new 1204 adopted, 340 accepted",
    "responses: old not measured; new 120, 0.8 % failed",
  ]);
});

test("an upgrade that is not over, one that failed, and one that was rejected say so, and no text of an app steers the page", () => {
  const failure = { reason: "trial-failed", message: "a worker died\x1b[2J" } as const;
  const underWay = page({
    endedAt: null,
    verdict: null,
    phases: [{ phase: "trial", afterMs: 9, tookMs: null }],
  });
  assert.match(underWay, /it is not over yet$/m);
  assert.match(underWay, /^trial +9 ms +goes on$/m);
  assert.doesNotMatch(underWay, /verdict/);
  assert.match(page({ failure, verdict: null }), /^failed: a worker died\?\[2J$/m);
  assert.match(page({ verdict: { kind: "rejected", failure } }), /^verdict: rejected: a worker died\?\[2J$/m);
});

test("three lines sum an upgrade up", () => {
  assert.deepEqual(sumUp(account), [
    "connections: old 1204 moved, 18 finished, 2 cut; new 1204 adopted, 340 accepted",
    "responses: old 2401, 0 % failed; new 120, 0.8 % failed",
    "kernel: none dropped; at most 3 of 511 waited (http), for 12 ms at most",
  ]);
});

test("of a generation without an account, what is known is told", () => {
  const text = formatEntry({ ...entry, account: null }, wide);
  assert.match(text, /^generation 9, version 1\.2\.4: active, has proved itself\nrelease \/srv\/web$/m);
  assert.match(text, /^no account of its upgrade was written down$/m);
});

test("history of a generation is its entry with its account, and an error where nobody knows it", {
  timeout: 60_000,
}, async (t) => {
  const { socketPath, port } = await startServer(t);
  port.history_ = [{ ...entry, generation: 8, account: null }, entry];
  const shown = await runCli(["--socket", socketPath, "history", "9"]);
  assert.deepEqual([shown.status, shown.stderr], [0, ""]);
  assert.match(shown.stdout, /^upgrade 12: upgrade, over after/m);
  const json = await runCli(["--socket", socketPath, "history", "9", "--json"]);
  assert.deepEqual(JSON.parse(json.stdout), entry);
  const unknown = await runCli(["--socket", socketPath, "history", "7"]);
  assert.deepEqual([unknown.status, unknown.stdout], [1, ""]);
  assert.match(unknown.stderr, /no generation 7 is known/);
  assert.equal((await runCli(["--socket", socketPath, "history", "last"])).status, 2);
});
