import assert from "node:assert/strict";
import { constants, fstatSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { test } from "node:test";
import {
  closeFd,
  duplicateFd,
  isOpen,
  keepFdsFromChildren,
  keepNonBlocking,
  setCloseOnExec,
} from "../../../src/linux/fd.js";
import { libc } from "../../../src/linux/ffi.js";
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
  return (flagsOf(fd) & 0o2000000) !== 0;
}

function flagsOf(fd: number): number {
  const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "";
  return Number.parseInt(flags, 8);
}

test("what was non-blocking before a child was started is so afterwards, and what was not is not", () => {
  const F_SETFL = 4;
  const fcntl = libc<[fd: number, command: number, flags: number]>("int fcntl(int, int, int)");
  const files = [constants.O_NONBLOCK, 0].map((flag) => openSync("/dev/null", constants.O_RDWR | flag));
  const isNonBlocking = (fd: number): boolean => (flagsOf(fd) & constants.O_NONBLOCK) !== 0;
  // As libuv does from 1.53 on, whether a child comes of it or not.
  const startLikeLibuv = (): never => {
    for (const fd of files) fcntl(fd, F_SETFL, 0);
    assert.deepEqual(files.map(isNonBlocking), [false, false]);
    throw new Error("no child");
  };
  assert.throws(() => keepNonBlocking(files, startLikeLibuv), /no child/);
  assert.deepEqual(files.map(isNonBlocking), [true, false]);
  files.forEach(closeFd);
});

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
