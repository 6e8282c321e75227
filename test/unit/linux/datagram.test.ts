import assert from "node:assert/strict";
import { fstatSync, readFileSync, readSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bindDatagram, receiveDatagram, sendDatagramWithFds } from "../../../src/linux/datagram.js";
import { closeFd, isOpen } from "../../../src/linux/fd.js";
import { createMemfd } from "../../../src/linux/memfd.js";
import { maxFdsPerMessage } from "../../../src/linux/message.js";
import { runNode } from "./run-node.js";
import { temporaryDirectory } from "./temporary-directory.js";

test("a datagram arrives whole, with its sender and its fds", (t) => {
  const path = join(temporaryDirectory(t), "notify");
  const socket = bindDatagram(path);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(receiveDatagram(socket), undefined);
  const memfd = createMemfd("carried");
  writeSync(memfd, "state");
  assert.equal(sendDatagramWithFds(path, Buffer.from("READY=1"), [memfd, memfd]), 7);
  const message = receiveDatagram(socket);
  assert.ok(message !== undefined);
  assert.equal(message.bytes.toString(), "READY=1");
  assert.equal(message.truncated, false);
  assert.deepEqual(message.sender, {
    pid: process.pid,
    uid: process.getuid?.(),
    gid: process.getgid?.(),
  });
  assert.equal(message.fds.length, 2);
  const [copy = -1] = message.fds;
  assert.equal(fstatSync(copy).ino, fstatSync(memfd).ino);
  assert.match(readFileSync(`/proc/self/fdinfo/${copy}`, "utf8"), /^flags:\s+02/m, "not close-on-exec");
  const bytes = Buffer.alloc(5);
  readSync(copy, bytes, 0, 5, 0);
  assert.equal(bytes.toString(), "state");
  for (const fd of [...message.fds, memfd, socket]) closeFd(fd);
});

test("the sender is who the kernel says, also from another process", { timeout: 10_000 }, async (t) => {
  const path = join(temporaryDirectory(t), "notify");
  const socket = bindDatagram(path);
  const sender = import.meta.resolve("../../../src/linux/datagram.js");
  const { stdout } = await runNode(
    `import { sendDatagramWithFds } from "${sender}";
     sendDatagramWithFds("${path}", Buffer.from("x"), []);
     console.log(process.pid);`,
  );
  assert.equal(receiveDatagram(socket)?.sender?.pid, Number(stdout));
  closeFd(socket);
});

test("a full load of fds arrives, one more is refused", (t) => {
  const path = join(temporaryDirectory(t), "notify");
  const socket = bindDatagram(path);
  const many = Array.from({ length: maxFdsPerMessage }, () => socket);
  sendDatagramWithFds(path, Buffer.from("x"), many);
  const message = receiveDatagram(socket);
  assert.equal(message?.fds.length, maxFdsPerMessage);
  for (const fd of message.fds) closeFd(fd);
  assert.throws(() => sendDatagramWithFds(path, Buffer.from("x"), [...many, socket]), {
    code: "bad-message",
  });
  closeFd(socket);
});

test("nobody there is an answer, not an error", (t) => {
  const path = join(temporaryDirectory(t), "nobody");
  assert.ok(sendDatagramWithFds(path, Buffer.from("x"), []) < 0);
  assert.ok(sendDatagramWithFds("@holdfast-test-nobody", Buffer.from("x"), []) < 0);
});

test("a stale socket is replaced; a live one and other files are left alone", (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, "notify");
  closeFd(bindDatagram(path));
  const socket = bindDatagram(path);
  assert.throws(() => bindDatagram(path), { code: "address-in-use" });
  assert.ok(sendDatagramWithFds(path, Buffer.from("x"), []) > 0);
  assert.equal(receiveDatagram(socket)?.bytes.toString(), "x");
  closeFd(socket);
  assert.equal(isOpen(socket), false);
  writeFileSync(join(directory, "file"), "kept");
  assert.throws(() => bindDatagram(join(directory, "file")), { code: "address-in-use" });
});
