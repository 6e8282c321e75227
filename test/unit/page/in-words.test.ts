import assert from "node:assert/strict";
import { test } from "node:test";
import { sayAccount, sayOutcome, sayState } from "../../../src/page/in-words.js";
import { account, generation, status, view } from "./values.js";

const upgrade = { id: 3, generation: 3 };
const failure = { reason: "trial-failed", message: "it died" } as const;

test("what is wrong with an instance is said before what is under way, and one that is stopped is not wrong", () => {
  const word = (report: Parameters<typeof status>[0]): string => sayState(view(status(report))).word;
  assert.equal(word({}), "serving");
  assert.equal(word({ upgrade }), "upgrading");
  assert.equal(word({ upgrade, degraded: "workers are missing" }), "degraded");
  assert.equal(word({ lifecycle: "drained" }), "drained");
  assert.deepEqual(sayState({ ...view(null, "it has a config"), stopped: true }).tone, "idle");
  assert.deepEqual(sayState(view(null, "no right")), { tone: "bad", word: "no answer", why: "no right" });
});

test("an upgrade is said to be proved when it is, and until then what it goes through", () => {
  const lastUpgrade = {
    upgrade: 2,
    kind: "upgrade",
    generation: 2,
    asked: null,
    failure: null,
    endedAt: 0,
    tookMs: 1,
    verdict: null,
  } as const;
  const proof = {
    kind: "probation",
    leftMs: 1,
    failure: null,
    now: null,
    before: null,
    share: null,
  } as const;
  const generations = [generation(2, { proof })];
  assert.equal(sayOutcome(status({ lastUpgrade, generations }))?.word, "on probation");
  const proved = { ...lastUpgrade, verdict: { kind: "proved" } } as const;
  assert.equal(sayOutcome(status({ lastUpgrade: proved, generations }))?.word, "proved");
  assert.equal(sayOutcome(status({ lastUpgrade: { ...lastUpgrade, failure } }))?.why, "it died");
  assert.equal(sayOutcome(status()), null);
});

test("the account of an upgrade says what became of it", () => {
  assert.equal(sayAccount(account()).word, "under way");
  assert.equal(sayAccount(account({ endedAt: 2 })).word, "done");
  assert.deepEqual(sayAccount(account({ endedAt: 2, verdict: { kind: "rejected", failure } })), {
    tone: "bad",
    word: "rejected",
    why: "it died",
  });
  assert.equal(sayAccount(account({ endedAt: 2, failure })).word, "failed");
});
