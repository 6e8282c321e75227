import assert from "node:assert/strict";
import { openSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { closeFd } from "../../../../src/linux/fd.js";
import { fillMemfd } from "../../../../src/linux/memfd.js";
import { type Parcel, packParcel, unpackParcel } from "../../../../src/worker/direct/parcel.js";

const connection = { kind: "http", listener: "web", meta: { unused: true }, outputBytes: 0 } as const;
const parcel: Parcel = {
  head: {
    connections: [
      { ...connection, socket: "17", inputBytes: 3 },
      { ...connection, socket: "18", inputBytes: 0, meta: { text: "ü\n" } },
    ],
    state: [{ name: "count", version: 1, bytes: 2, sha256: "0".repeat(64) }],
  },
  bytes: Buffer.from("GET42"),
};

/** What is read from a memfd with these bytes: the parcel, or why there is none. */
function read(bytes: Buffer): Parcel | string {
  const fd = fillMemfd("test", bytes);
  const unpacked = unpackParcel(fd);
  closeFd(fd);
  return unpacked.ok ? unpacked.value : unpacked.failure.reason;
}

function packed(): Buffer {
  const fd = packParcel(parcel);
  const bytes = readFileSync(`/proc/self/fd/${fd}`);
  closeFd(fd);
  return bytes;
}

test("what is packed is unpacked", () => {
  assert.deepEqual(read(packed()), parcel);
});

test("a parcel with any byte changed, or any part missing, is refused", () => {
  const whole = packed();
  for (let at = 0; at < whole.length; at += 1) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ 1;
    const seen = read(changed);
    assert.ok(typeof seen === "string", `byte ${at}`);
    assert.equal(typeof read(whole.subarray(0, at)), "string", `length ${at}`);
  }
});

test("a parcel of a later library is told from a damaged one", () => {
  const later = packed().toString("latin1").replace('"format":1', '"format":2');
  assert.equal(read(Buffer.from(later, "latin1")), "parcel-newer");
});

test("what is no file is no parcel", () => {
  const fd = openSync("/dev/null", "r");
  const unpacked = unpackParcel(fd);
  closeFd(fd);
  assert.ok(!unpacked.ok && unpacked.failure.reason === "parcel-damaged");
});
