import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { closeFd, duplicateFd } from "../../../../../src/linux/fd.js";
import { openListener } from "../../../../../src/linux/listener.js";
import { createUdpDrain } from "../../../../../src/worker/carriers/udp/udp-carrier.js";
import { portOf } from "../../../../harness/process/ports.js";
import { until } from "../tcp/rig.js";

const reader = fileURLToPath(new URL("./reader.js", import.meta.url));

/** A worker that reads from the socket at `fd` by the time this resolves. */
async function startReader(fd: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [reader], { stdio: ["ignore", "inherit", "inherit", fd, "ipc"] });
  const [ready] = await once(child, "message");
  assert.equal(ready, "ready");
  return child;
}

async function drainReader(child: ChildProcess): Promise<number[]> {
  child.send("drain");
  const [{ numbers }] = await once(child, "message");
  await once(child, "exit");
  assert.equal(child.exitCode, 0);
  return numbers;
}

async function openClient(): Promise<Socket> {
  const client = createSocket({ type: "udp4", recvBufferSize: 4_000_000 });
  await new Promise<void>((resolve) => client.bind(0, "127.0.0.1", resolve));
  return client;
}

function openShared() {
  const opened = openListener({ kind: "udp", family: 4, host: "127.0.0.1", port: 0 }, { backlog: 0 });
  assert.ok(opened.ok);
  return { fd: opened.value, port: portOf(opened.value) };
}

test("no datagram is lost, doubled or left unanswered over worker after worker", async (t) => {
  const { fd, port } = openShared();
  t.after(() => closeFd(fd));
  const client = await openClient();
  t.after(() => client.close());
  const answered: number[] = [];
  client.on("message", (datagram) => answered.push(datagram.readUInt32LE(0)));
  let current = await startReader(fd);
  let sent = 0;
  let running = true;
  const sending = (async () => {
    // Never more on the way than the socket's queue holds: what the kernel drops is no hand-over's loss.
    for (; running; await nextTurn()) {
      for (let burst = 0; burst < 5 && sent - answered.length < 50; burst++) {
        const datagram = Buffer.alloc(32);
        datagram.writeUInt32LE(sent++, 0);
        client.send(datagram, port, "127.0.0.1");
      }
    }
  })();
  const numbers: number[][] = [];
  for (let round = 0; round < 6; round++) {
    const next = await startReader(fd);
    numbers.push(await drainReader(current));
    current = next;
    const before = answered.length;
    await until("the next worker answers", () => answered.length > before + 100);
  }
  running = false;
  await sending;
  await until("everything is answered", () => answered.length >= sent);
  numbers.push(await drainReader(current));
  const expected = Array.from({ length: sent }, (_, index) => index);
  assert.deepEqual(
    numbers.flat().sort((x, y) => x - y),
    expected,
  );
  assert.deepEqual(
    answered.sort((x, y) => x - y),
    expected,
  );
  assert.ok(numbers.every((some) => some.length > 0));
});

test("a draining socket reads nothing more, leaves it to the next, still answers, and closes", async (t) => {
  const { fd, port } = openShared();
  t.after(() => closeFd(fd));
  const client = await openClient();
  t.after(() => client.close());
  const answers: string[] = [];
  client.on("message", (datagram) => answers.push(String(datagram)));
  const socket = createSocket("udp4");
  let heard = 0;
  socket.on("message", () => heard++);
  await new Promise<void>((resolve) => socket.bind({ fd: duplicateFd(fd) }, resolve));
  const drain = createUdpDrain(socket);
  drain.beginDrain();
  await new Promise<void>((resolve) => client.send("\x07\0\0\0", port, "127.0.0.1", () => resolve()));
  socket.send("late answer", client.address().port, "127.0.0.1");
  await until("the late answer has come", () => answers.length === 1);
  assert.equal(heard, 0);
  socket.send("last answer", client.address().port, "127.0.0.1");
  await drain.finish();
  await until("the last answer has come", () => answers.length === 2);
  assert.deepEqual(answers, ["late answer", "last answer"]);
  const next = await startReader(fd);
  await until("the next worker answers", () => answers.length === 3);
  assert.deepEqual(await drainReader(next), [7]);
});
