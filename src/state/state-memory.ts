import { fstatSync, readSync, writeSync } from "node:fs";
import { decodeRecord, encodeRecord } from "./encode.js";
import type { StateRecord } from "./schema.js";

const slotBytes = 8 * 1024 * 1024;
const headerBytes = 4;

/**
 * A copy of the state in a memfd that waits in the fd store: it survives a full disk and a lost state file.
 * Two slots are written in turn, so that a daemon killed in the middle of a write leaves the other one whole.
 */
export function writeStateMemory(memfd: number, record: StateRecord): void {
  const text = Buffer.from(encodeRecord(record));
  if (text.length > slotBytes - headerBytes) return;
  const bytes = Buffer.alloc(headerBytes + text.length);
  bytes.writeUInt32LE(text.length);
  text.copy(bytes, headerBytes);
  writeSync(memfd, bytes, 0, bytes.length, (record.revision % 2) * slotBytes);
}

/** The newer of the two slots that can be read; undefined when neither can. */
export function readStateMemory(memfd: number): StateRecord | undefined {
  const records = [0, slotBytes].map((offset) => readSlot(memfd, offset));
  const whole = records.filter((record) => record !== undefined);
  return whole.sort((a, b) => b.revision - a.revision).at(0);
}

function readSlot(memfd: number, offset: number): StateRecord | undefined {
  const { size } = fstatSync(memfd);
  const header = Buffer.alloc(headerBytes);
  if (readSync(memfd, header, 0, headerBytes, offset) < headerBytes) return undefined;
  const length = header.readUInt32LE();
  if (length === 0 || offset + headerBytes + length > size) return undefined;
  const text = Buffer.alloc(length);
  readSync(memfd, text, 0, length, offset + headerBytes);
  const decoded = decodeRecord(text.toString("utf8"));
  return decoded.ok ? decoded.value : undefined;
}
