import assert from "node:assert/strict";
import { test } from "node:test";
import {
  countBytes,
  describeConnection,
  describeRuns,
  expandRuns,
  joinBytes,
  unpackConnections,
} from "../../../../src/worker/moving-connections/pack-connections.js";
import { FakeCarrier, serveWith } from "../hand-over/fake-carrier.js";

const served = serveWith(new FakeCarrier(), "lines");
const connections = [
  { fd: 7, meta: { at: 0 }, input: Buffer.from("in 0"), output: Buffer.from("output 0") },
  { fd: 8, meta: { at: 1 }, input: Buffer.from("input 1"), output: Buffer.alloc(0) },
  { fd: 9, meta: { at: 2 }, input: Buffer.alloc(0), output: Buffer.from("out 2") },
].map((frozen) => ({ served, frozen }));
const descriptions = connections.map(describeConnection);

test("a connection that is packed and unpacked has its own bytes, and goes to the listener and kind it came from", () => {
  const bytes = joinBytes(connections);
  assert.equal(bytes.length, countBytes(descriptions));
  assert.deepEqual(
    unpackConnections(descriptions, bytes, (_, position) => connections[position]?.frozen.fd),
    connections.map(({ frozen }) => ({ kind: "tcp", listener: "lines", frozen })),
  );
});

test("a connection whose fd did not arrive takes its bytes along, and leaves those of the others", () => {
  const arrived = unpackConnections(descriptions, joinBytes(connections), ({ meta }, position) =>
    meta["at"] === 1 ? undefined : connections[position]?.frozen.fd,
  );
  assert.deepEqual(
    arrived.map(({ frozen }) => frozen),
    [connections[0]?.frozen, connections[2]?.frozen],
  );
});

test("of connections without bytes those in a row that are alike are described once, and each comes out", () => {
  const [none, alike, other] = [Buffer.alloc(0), {}, { at: 1 }];
  const bare = (meta: object) => ({
    served,
    frozen: { fd: 7, meta: { ...meta }, input: none, output: none },
  });
  const like = { served, frozen: { fd: 7, meta: alike, input: none, output: none } };
  const row = [like, like, bare(other), like, ...connections, like, like];
  const runs = describeRuns(row);
  assert.deepEqual(
    runs.map(({ times }) => times),
    [2, undefined, undefined, undefined, undefined, undefined, 2],
  );
  assert.deepEqual(
    expandRuns(runs).map(({ times, ...item }) => item),
    row.map(describeConnection),
  );
});
