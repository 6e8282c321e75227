import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { TicketSecret } from "../../src/daemon/native-workers/ticket-secret.js";
import { closeFd } from "../../src/linux/fd.js";
import { createMemfd } from "../../src/linux/memfd.js";
import { inheritState } from "../../src/model/inherit.js";
import { decodeRecord, encodeRecord } from "../../src/state/encode.js";
import { reportHistory } from "../../src/state/history.js";
import { readLedger } from "../../src/state/ledger.js";
import { LedgerFile } from "../../src/state/ledger-file.js";
import { StateStore } from "../../src/state/state-store.js";
import { readValues, writeValues } from "../../src/worker/app-state/values-on-disk.js";
import { countFds } from "../harness/process/open-fds.js";
import { knownStates } from "./corpus/states.js";
import { changedJson, wounded } from "./mutate.js";
import { recordOf } from "./states.js";
import { feed, type Target } from "./target.js";

interface Files {
  /** Of the two copies, the one in the file has this revision; that in memory has 10. */
  readonly revision: number;
  /** Undefined: as it was written. */
  readonly file: Buffer | undefined;
  readonly memory: Buffer | undefined;
  readonly ledger: Buffer;
  readonly values: Buffer;
  readonly tickets: Buffer;
}

const memoryRevision = 10;
const entry = { name: "count", version: 1, bytes: 1, sha256: "0".repeat(64) };
const intact = (revision: number): Buffer => Buffer.from(encodeRecord(recordOf(revision)));
/** The checksum fits: only what is in it is odd. */
const sealed = changedJson(fc.constant(recordOf(memoryRevision + 1))).map((json) => {
  const text = JSON.stringify(JSON.parse(json));
  const checksum = createHash("sha256").update(text).digest("hex");
  return Buffer.from(`{"format":3,"checksum":"${checksum}","record":${text}}\n`);
});
const spoiled = (whole: Buffer): fc.Arbitrary<Buffer> =>
  fc.oneof(wounded(fc.constant(whole)), sealed, fc.constantFrom(...knownStates));
const ledgerLine = {
  kind: "verdict",
  generation: 2,
  verdict: { kind: "rejected", failure: { reason: "rejected", message: "m" } },
};

const input: fc.Arbitrary<Files> = fc.record({
  revision: fc.constantFrom(memoryRevision - 1, memoryRevision + 1),
  file: fc.option(spoiled(intact(9)), { nil: undefined }),
  memory: fc.option(spoiled(intact(memoryRevision)), { nil: undefined }),
  ledger: fc
    .array(changedJson(fc.constant({ at: "2026-01-01T00:00:00Z", ...ledgerLine })), { maxLength: 5 })
    .map((lines) => Buffer.from(lines.join("\n"))),
  values: wounded(
    changedJson(fc.constant({ entries: [entry], values: "7" })).map((json) => Buffer.from(json)),
  ),
  tickets: wounded(fc.constant(Buffer.alloc(48, 7))),
});

/**
 * What a daemon finds on disk and in memory, damaged: nothing that is whole is lost, what cannot be used is set aside as it was, and what
 * is written from there on is read again.
 */
export async function openState(): Promise<Target> {
  const top = mkdtempSync(join(tmpdir(), "holdfast-fuzz-"));
  const attempt = async (files: Files): Promise<void> => {
    const fds = countFds();
    const directory = mkdtempSync(join(top, "state-"));
    const memfd = createMemfd("fuzz-state");
    try {
      takeState(directory, memfd, files);
      takeLedger(directory, files);
      takeValues(directory, files);
      takeTickets(directory, files);
    } finally {
      closeFd(memfd);
      rmSync(directory, { recursive: true });
    }
    assert.equal(countFds(), fds);
  };
  return {
    feed: (seed) => feed({ input, attempt, runs: 25 }, seed),
    async [Symbol.asyncDispose]() {
      rmSync(top, { recursive: true });
    },
  };
}

function takeState(directory: string, memfd: number, { revision, file, memory }: Files): void {
  const options = { name: "web", directory, bootId: "b", memfd };
  const [inFile, inMemory] = [recordOf(revision), recordOf(memoryRevision)];
  const path = join(directory, "state.json");
  const fileBytes = file ?? intact(revision);
  writeFileSync(path, fileBytes);
  writeMemory(memfd, memory ?? intact(memoryRevision));

  const found = new StateStore(options);
  const { state, problems } = found.load();
  const whole = [...(file === undefined ? [inFile] : []), ...(memory === undefined ? [inMemory] : [])];
  const newest = whole.sort((a, b) => b.revision - a.revision)[0];
  if (file === undefined && memory === undefined) assert.deepEqual(state, newest?.state);
  if (newest !== undefined)
    assert.ok(state !== undefined, `a whole copy is not used: ${problems.join("\n")}`);
  const aside = readdirSync(directory).filter((name) => name.startsWith("state.json."));
  const kept = [path, ...aside.map((name) => join(directory, name))].some((name) => isSame(name, fileBytes));
  assert.ok(kept, "the file is neither there nor set aside");
  if (aside.length > 0) assert.ok(problems.length > 0, "a file was set aside without a word");
  if (state === undefined) return;
  for (const rebooted of [false, true]) inheritState(state, rebooted);
  assert.ok(found.write(state).ok);
  assert.deepEqual(new StateStore(options).load(), { state, rebooted: false, problems: [] });
  const record = { name: "web", bootId: "b", revision: 1, state };
  assert.deepEqual(decodeRecord(encodeRecord(record)), { ok: true, value: record });
}

/** Where records of an even revision are. */
function writeMemory(memfd: number, bytes: Buffer): void {
  const header = Buffer.alloc(4);
  header.writeUInt32LE(bytes.length);
  writeSync(memfd, Buffer.concat([header, bytes]), 0, bytes.length + 4, 0);
}

function isSame(path: string, bytes: Buffer): boolean {
  try {
    return readFileSync(path).equals(bytes);
  } catch {
    return false;
  }
}

function takeLedger(directory: string, { ledger }: Files): void {
  appendFileSync(join(directory, "history.jsonl"), Buffer.concat([ledger, Buffer.from("\n")]));
  const generation = 4;
  const outcome = { ...knownOutcome, generation };
  assert.equal(new LedgerFile(directory).append(5_000, { kind: "upgrade", outcome }), undefined);
  const read = readLedger(directory);
  assert.equal(read.rejectedAt.get(generation), 5_000);
  reportHistory(recordOf(1).state, read, 1);
}

const knownOutcome = {
  upgrade: 3,
  kind: "upgrade" as const,
  failure: { reason: "rejected" as const, message: "m" },
  asked: null,
  endedAt: 5_000,
  tookMs: 1,
  verdict: null,
};

function takeValues(directory: string, { values }: Files): void {
  const file = "count.json";
  writeFileSync(join(directory, file), values);
  const read = readValues(directory, file);
  if (!read.ok) {
    const kept = readdirSync(directory).some(
      (name) => name.startsWith(file) && isSame(join(directory, name), values),
    );
    assert.ok(kept, "the app's state is neither there nor set aside");
  }
  const good = { entries: [entry], bytes: Buffer.from("7") };
  assert.ok(writeValues(directory, file, good).ok);
  assert.deepEqual(readValues(directory, file), { ok: true, value: good });
}

function takeTickets(directory: string, { tickets }: Files): void {
  writeFileSync(join(directory, "tickets.key"), tickets, { mode: 0o600 });
  const warnings: string[] = [];
  const { text } = new TicketSecret(directory, (warning) => warnings.push(warning));
  assert.equal(Buffer.from(text, "base64").length, 48);
  assert.equal(warnings.length > 0, tickets.length !== 48);
  assert.equal(new TicketSecret(directory, assert.fail).text, text);
}
