import { fstatSync, readSync, writevSync } from "node:fs";
import { fail, type Result, succeed } from "../lib/failure.js";
import { decodeRecord, type RecordFailure } from "./encode.js";
import type { StateRecord } from "./record.js";

/** More than any state has. The hole between two slots takes no memory. */
const slotBytes = 2 ** 40;
const headerBytes = 4;

/**
 * A copy of the state in a memfd that waits in the fd store: it survives a full disk and a lost state file.
 * Two slots are written in turn, so that a daemon killed in the middle of a write leaves the other one whole, as does a lack of memory.
 * `text` is an encoded record of that revision.
 */
export function writeStateMemory(memfd: number, revision: number, text: string): void {
  const header = Buffer.alloc(headerBytes);
  const bytes = Buffer.from(text);
  header.writeUInt32LE(bytes.length);
  try {
    writevSync(memfd, [header, bytes], (revision % 2) * slotBytes);
  } catch {
    // The file has it.
  }
}

/**
 * The newer of the two slots that are whole. Fails with `state-newer` when one is of a later version, for then the other is out of
 * date, and with `state-damaged` when there is none.
 */
export function readStateMemory(memfd: number): Result<StateRecord, RecordFailure> {
  const slots = [0, slotBytes].map((offset) => readSlot(memfd, offset));
  const newer = slots.find((slot) => !slot.ok && slot.failure.reason === "state-newer");
  if (newer !== undefined) return newer;
  const records = slots.flatMap((slot) => (slot.ok ? [slot.value] : []));
  const newest = records.sort((a, b) => b.revision - a.revision).at(0);
  return newest === undefined ? nothingThere : succeed(newest);
}

const nothingThere = fail("state-damaged", "there is none in memory that is whole");

function readSlot(memfd: number, offset: number): Result<StateRecord, RecordFailure> {
  const { size } = fstatSync(memfd);
  const header = Buffer.alloc(headerBytes);
  if (readSync(memfd, header, 0, headerBytes, offset) < headerBytes) return nothingThere;
  const length = header.readUInt32LE();
  if (length === 0 || offset + headerBytes + length > size) return nothingThere;
  const text = Buffer.alloc(length);
  readSync(memfd, text, 0, length, offset + headerBytes);
  return decodeRecord(text.toString("utf8"));
}
