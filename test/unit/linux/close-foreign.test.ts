import assert from "node:assert/strict";
import { fstatSync } from "node:fs";
import { test } from "node:test";
import { closeForeign } from "../../../src/linux/close-foreign.js";
import { closeFd, duplicateFd, isOpen } from "../../../src/linux/fd.js";
import { createMemfd } from "../../../src/linux/memfd.js";
import { readOption, SOL_SOCKET, setOption } from "../../../src/linux/socket-calls.js";
import { LingeringConnection } from "../../harness/process/lingering-connection.js";

const SO_LINGER = 13;

function lingerOf(fd: number): readonly number[] {
  const value = readOption(fd, SOL_SOCKET, SO_LINGER, 8);
  assert.ok(typeof value !== "number");
  return [value.readInt32LE(0), value.readInt32LE(4)];
}

test("a connection that lingers is closed at once, and what it had sent still arrives", async () => {
  await using connection = await LingeringConnection.open();
  const { ino } = fstatSync(connection.fd);
  closeForeign(connection.fd);
  assert.ok(!isOpen(connection.fd) || fstatSync(connection.fd).ino !== ino);
  assert.ok((await connection.readAll()) > 0);
});

test("one that is to be reset when it is closed stays so", async () => {
  await using connection = await LingeringConnection.open();
  const copy = duplicateFd(connection.fd);
  setOption(copy, SO_LINGER, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]));
  closeForeign(connection.fd);
  assert.deepEqual(lingerOf(copy), [1, 0]);
  closeFd(copy);
});

test("what is no socket is closed like anything else", () => {
  const fd = createMemfd("file");
  closeForeign(fd);
  assert.equal(isOpen(fd), false);
});
