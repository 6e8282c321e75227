import assert from "node:assert/strict";
import { test } from "node:test";
import type { HistoryEntry, StatusReport } from "../../../src/control/replies.js";
import { actionsFor } from "../../../src/page/browser/offers.js";
import { generation, status } from "./values.js";

const ran = (id: number, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
  generation: id,
  release: "/srv/web",
  version: null,
  commit: null,
  origin: null,
  from: 0,
  to: 1,
  note: "replaced",
  end: "proved",
  returnable: false,
  rejected: false,
  wayBack: false,
  account: null,
  ...more,
});

const commands = (report: StatusReport, history: readonly HistoryEntry[] = []): readonly string[] =>
  actionsFor(report, history).map(({ command }) => command);

test("only what can be asked for is offered", () => {
  const always = ["upgrade", "stage", "reexec"];
  assert.deepEqual(commands(status()), always);
  const staged = status({ generations: [generation(2), generation(3, { phase: "candidate" })] });
  assert.deepEqual(commands(staged), ["upgrade", "stage", "commit", "reexec"]);
  assert.deepEqual(commands(status(), [ran(1, { returnable: true })]), [
    "upgrade",
    "stage",
    "rollback",
    "reexec",
  ]);
});

test("a rollback offers first what it would choose by itself", () => {
  const history = [ran(1, { returnable: true, wayBack: true }), ran(2, { returnable: true }), ran(3)];
  const targets = actionsFor(status(), history).find(({ command }) => command === "rollback")?.targets;
  assert.deepEqual(
    targets?.map(({ generation: id }) => id),
    [1, 2],
  );
});
