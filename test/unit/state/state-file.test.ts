import assert from "node:assert/strict";
import { constants as limits } from "node:buffer";
import { execFileSync } from "node:child_process";
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { initialState } from "../../../src/model/state.js";
import { decodeRecord, encodeRecord, stateFormat } from "../../../src/state/encode.js";
import { readStateFile, stateFilePath, writeStateFile } from "../../../src/state/state-file.js";

const record = { name: "web", bootId: "b", revision: 7, state: initialState };

function makeDirectory(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-state-"));
  context.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** More than a string can hold; a hole, which takes no room. */
function writeHuge(file: string): void {
  writeFileSync(file, "");
  truncateSync(file, limits.MAX_STRING_LENGTH + 1);
}

function reasonOf(directory: string): string | undefined {
  const read = readStateFile(directory);
  return read.ok ? undefined : read.failure.reason;
}

test("what is written is read back, and where nothing was written there is nothing", (context) => {
  const directory = makeDirectory(context);
  assert.deepEqual(readStateFile(directory), { ok: true, value: undefined });
  assert.ok(writeStateFile(directory, encodeRecord(record)).ok);
  assert.deepEqual(readStateFile(directory), { ok: true, value: record });
});

test("a state that is cut anywhere, or has one character changed, is never taken", () => {
  const whole = encodeRecord(record).trimEnd();
  for (let length = 0; length < whole.length; length += 1) {
    assert.equal(decodeRecord(whole.slice(0, length)).ok, false, `cut at ${length}`);
    const changed = `${whole.slice(0, length)}#${whole.slice(length + 1)}`;
    assert.equal(decodeRecord(changed).ok, false, `changed at ${length}`);
  }
});

test("no text makes reading a state throw", () => {
  const envelope = fc.record({ format: fc.integer(), checksum: fc.string(), record: fc.jsonValue() });
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    envelope.map((value) => JSON.stringify(value)),
  );
  fc.assert(fc.property(texts, (text) => !decodeRecord(text).ok));
});

test("a state of a later version is told from a damaged one, with both versions", () => {
  const later = encodeRecord(record).replace(`"format":${stateFormat}`, `"format":${stateFormat + 1}`);
  const decoded = decodeRecord(later);
  assert.ok(!decoded.ok);
  assert.equal(decoded.failure.reason, "state-newer");
  assert.match(decoded.failure.message, new RegExp(`format ${stateFormat + 1}.*up to ${stateFormat}`));
});

test("a file of somebody else, a symlink, a FIFO, a directory and a huge file are refused", (context) => {
  const spoilings: readonly [string, (file: string) => void][] = [
    ["state-unreadable", (file) => symlinkSync("/etc/hostname", file)],
    ["state-unreadable", (file) => mkdirSync(file)],
    ["state-damaged", (file) => void execFileSync("mkfifo", [file])],
    ["state-damaged", (file) => writeFileSync(file, "")],
    ["state-damaged", writeHuge],
  ];
  for (const [reason, spoil] of spoilings) {
    const directory = makeDirectory(context);
    spoil(stateFilePath(directory));
    assert.equal(reasonOf(directory), reason);
  }
  if (process.geteuid?.() !== 0) return;
  const directory = makeDirectory(context);
  assert.ok(writeStateFile(directory, encodeRecord(record)).ok);
  chownSync(stateFilePath(directory), 65_534, 65_534);
  assert.equal(reasonOf(directory), "state-foreign");
  assert.notEqual(readFileSync(stateFilePath(directory), "utf8"), "");
});
