import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { LedgerEntry } from "../../../src/model/ledger-entry.js";
import { readLedger } from "../../../src/state/ledger.js";
import { LedgerFile } from "../../../src/state/ledger-file.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";

function entry(generation: number): LedgerEntry {
  const side = { generation, listeners: null, deaths: 0 };
  return {
    kind: "account",
    account: {
      upgrade: generation,
      kind: "upgrade",
      asked: null,
      startedAt: 1,
      endedAt: 2,
      phases: [{ phase: "trial", afterMs: 1, tookMs: null }],
      old: null,
      new: side,
      witness: null,
      failure: null,
      verdict: { kind: "proved" },
    },
  };
}

test("an account is read as it was written, by the generation that it is of", (context) => {
  const directory = temporaryDirectory(context);
  const file = new LedgerFile(directory);
  for (const generation of [1, 2]) assert.equal(file.append(0, entry(generation)), undefined);
  const { accounts } = readLedger(directory);
  assert.deepEqual([...accounts.keys()], [1, 2]);
  assert.deepEqual({ kind: "account", account: accounts.get(2) }, entry(2));
});

test("a line that was cut off costs nothing but itself", (context) => {
  const directory = temporaryDirectory(context);
  const file = new LedgerFile(directory);
  file.append(0, entry(1));
  appendFileSync(join(directory, "history.jsonl"), '{"kind":"account","acc');
  file.append(0, entry(3));
  assert.deepEqual([...readLedger(directory).accounts.keys()], [1, 3]);
});

test("a file that has grown beyond its size is set aside, and so many of them are kept", (context) => {
  const directory = temporaryDirectory(context);
  const file = new LedgerFile(directory);
  const lineBytes = JSON.stringify(entry(1)).length;
  file.follow({ sizeBytes: 3 * lineBytes, rotate: 2 });
  for (let generation = 1; generation <= 40; generation += 1) file.append(0, entry(generation));
  const path = join(directory, "history.jsonl");
  const sizes = [`${path}.1`, `${path}.2`].map((one) => statSync(one).size);
  assert.ok(
    sizes.every((size) => size > 3 * lineBytes && size < 5 * lineBytes),
    String(sizes),
  );
  assert.ok(!existsSync(`${path}.3`));
  assert.match(readFileSync(`${path}.1`, "utf8"), /"upgrade":(38|39|40),/);
  file.follow({ sizeBytes: 1, rotate: 0 });
  file.append(0, entry(41));
  assert.ok(!existsSync(path), "with none kept the file goes");
});

test("a link in the place of the file is not followed", (context) => {
  const directory = temporaryDirectory(context);
  const other = join(directory, "other");
  symlinkSync(other, join(directory, "history.jsonl"));
  assert.match(
    new LedgerFile(directory).append(0, entry(1)) ?? "",
    /^cannot write the ledger .*history\.jsonl: /,
  );
  assert.ok(!existsSync(other));
});
