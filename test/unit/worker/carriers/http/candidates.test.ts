import assert from "node:assert/strict";
import { createServer } from "node:http";
import { Socket } from "node:net";
import { test } from "node:test";
import { Candidates } from "../../../../../src/worker/carriers/http/candidates.js";

test("of thousands that are busy some are looked at, and it says that there are more", () => {
  const sockets = new Set(Array.from({ length: 2_500 }, () => new Socket()));
  let more = 0;
  const candidates = new Candidates(createServer(), sockets, () => {
    more += 1;
  });
  const look = (): number => {
    let looked = 0;
    for (const socket of candidates) {
      candidates.delete(socket);
      looked += 1;
    }
    return looked;
  };
  assert.deepEqual([look(), more], [1_000, 1]);
  assert.deepEqual([look(), more], [1_000, 2]);
  assert.deepEqual([look(), more], [500, 2]);
  candidates.end();
});
