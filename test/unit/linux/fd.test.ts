import assert from "node:assert/strict";
import { fstatSync, readFileSync, readSync, writeSync } from "node:fs";
import { test } from "node:test";
import { closeFd, duplicateFd, isOpen, keepFdsFromChildren, setCloseOnExec } from "../../../src/linux/fd.js";
import { createMemfd } from "../../../src/linux/memfd.js";

test("a duplicate is the same file and outlives the original", () => {
  const fd = createMemfd("original");
  const copy = duplicateFd(fd);
  assert.equal(fstatSync(copy).ino, fstatSync(fd).ino);
  closeFd(fd);
  assert.equal(isOpen(fd), false);
  assert.equal(isOpen(copy), true);
  closeFd(copy);
});

test("what is written to a memfd is read back at any position", () => {
  const fd = createMemfd("state");
  writeSync(fd, "holdfast", 0);
  const bytes = Buffer.alloc(4);
  assert.equal(readSync(fd, bytes, 0, 4, 4), 4);
  assert.equal(bytes.toString(), "fast");
  closeFd(fd);
});

test("an fd is no child's until close-on-exec is turned off", () => {
  const fd = createMemfd("inherited");
  const copy = duplicateFd(fd);
  assert.deepEqual([closesOnExec(fd), closesOnExec(copy)], [true, true]);
  setCloseOnExec(copy, false);
  assert.deepEqual([closesOnExec(fd), closesOnExec(copy)], [true, false]);
  setCloseOnExec(copy, true);
  assert.equal(closesOnExec(copy), true);
  closeFd(fd);
  closeFd(copy);
});

function closesOnExec(fd: number): boolean {
  const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "";
  return (Number.parseInt(flags, 8) & 0o2000000) !== 0;
}

test("an fd that is not open is an error with its name, not a crash", () => {
  assert.throws(() => duplicateFd(999_999), { code: "EBADF", message: /cannot duplicate fd 999999: EBADF/ });
  assert.throws(() => setCloseOnExec(999_999, true), { code: "EBADF" });
  assert.throws(() => closeFd(999_999), { code: "EBADF" });
});

test("what this process was started with can be kept from its children, whatever its number", () => {
  const fd = createMemfd("strange");
  setCloseOnExec(fd, false);
  keepFdsFromChildren();
  assert.equal(closesOnExec(fd), true);
  closeFd(fd);
});
