import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { Watcher } from "../../../src/linux/epoll.js";
import { closeFd, duplicateFd } from "../../../src/linux/fd.js";
import { receiveMessage, sendMessage } from "../../../src/linux/message.js";
import { openSocketPair } from "../../../src/linux/socket-pair.js";
import type { Slot } from "../../../src/model/event.js";
import { WorkerChannels } from "../../../src/process/worker-channels.js";
import { waitUntil } from "../../harness/container/wait-until.js";
import { LingeringConnection } from "../../harness/process/lingering-connection.js";
import { countFds } from "../../harness/process/open-fds.js";
import { standStill } from "../../harness/process/stand-still.js";

const slot = { generation: 1, index: 0 };
const other = { generation: 1, index: 1 };
const hello = { type: "hello", protocol: 1, library: "test" };

/** The daemon's side, with what it was told and lost. */
function daemon(watcher: Watcher, ownerOf: (pid: number) => Slot | undefined = () => undefined) {
  const said: string[] = [];
  const name = ({ generation, index }: Slot): string => `${generation}.${index}`;
  const channels = new WorkerChannels({
    watcher,
    storeChannel: () => {},
    removeChannel: (of) => said.push(`removed ${name(of)}`),
    ownerOf: (pid) => {
      const owner = ownerOf(pid);
      return owner === undefined ? undefined : { slot: owner };
    },
    onMessage: (of, { type }) => said.push(`${type} ${name(of)}`),
    onLost: (of, why) => said.push(`lost ${name(of)}: ${why}`),
  });
  return { channels, said };
}

function say(fd: number, message: object, fds: readonly number[] = []): void {
  assert.ok(sendMessage(fd, Buffer.from(JSON.stringify(message)), fds) > 0);
}

async function hear(fd: number): Promise<{ readonly type: string; readonly query: number }> {
  const message = await waitUntil("a message", 10_000, () => receiveMessage(fd));
  return JSON.parse(message.bytes.toString());
}

const report = (query: number): object => ({ type: "report", query, servers: [] });
const verdict = (query: number): object => ({ type: "verdict", query, failure: null });

const spoken = { native: true, protocol: 1 };

test("the answer to an earlier daemon is not taken for one to this daemon", async () => {
  using watcher = new Watcher();
  const [own, worker] = openSocketPair("seqpacket");
  const first = daemon(watcher);
  first.channels.adopt(slot, duplicateFd(own), spoken);
  const lost = first.channels.ask(slot, { type: "try", entries: [] }, [], 100);
  const asked = await hear(worker);
  first.channels.forget(slot);
  assert.equal(await lost, undefined);

  const second = daemon(watcher);
  second.channels.adopt(slot, own, spoken);
  const answer = second.channels.ask(slot, { type: "query" }, [], 10_000);
  const { query } = await hear(worker);
  say(worker, verdict(asked.query));
  say(worker, report(query));
  assert.equal((await answer)?.message.type, "report");
  assert.deepEqual(second.said, ["verdict 1.0", "report 1.0"]);
  second.channels.forget(slot);
  closeFd(worker);
});

test("an answer that came in time counts, also if the asker itself stood still until its time was over", async () => {
  using watcher = new Watcher();
  const { channels } = daemon(watcher);
  const [own, worker] = openSocketPair("seqpacket");
  channels.adopt(slot, own, spoken);
  const answer = channels.ask(slot, { type: "query" }, [], 50);
  const { query } = JSON.parse(receiveMessage(worker)?.bytes.toString() ?? "{}");
  say(worker, report(query));
  // As SIGSTOP and SIGCONT would have it: when the loop turns again, the time is over.
  standStill(100);
  assert.equal((await answer)?.message.type, "report");
  channels.forget(slot);
  closeFd(worker);
});

test("what a worker sends along where nothing is wanted is closed, and a connection that lingers holds nobody up", async () => {
  using watcher = new Watcher();
  const { channels } = daemon(watcher);
  const [own, worker] = openSocketPair("seqpacket");
  channels.adopt(slot, own, spoken);
  await using connection = await LingeringConnection.open();
  const before = countFds();
  const answer = channels.ask(slot, { type: "query" }, [], 10_000);
  const { query } = await hear(worker);
  say(worker, report(query), [connection.fd]);
  closeFd(connection.fd);
  assert.deepEqual((await answer)?.fds, []);
  await waitUntil("none of it open", 10_000, () => countFds() === before - 1);
  channels.forget(slot);
  closeFd(worker);
});

test("a question ends with the channel on which it was asked", async () => {
  using watcher = new Watcher();
  const { channels } = daemon(watcher);
  const [own, worker] = openSocketPair("seqpacket");
  channels.adopt(slot, own, spoken);
  const never = 60 * 60 * 1000;
  const dies = channels.ask(slot, { type: "query" }, [], never);
  closeFd(worker);
  assert.equal(await dies, undefined);
  const [second, stranger] = openSocketPair("seqpacket");
  channels.adopt(slot, second, spoken);
  const forgotten = channels.ask(slot, { type: "query" }, [], never);
  channels.forget(slot);
  assert.equal(await forgotten, undefined);
  closeFd(stranger);
});

test("one worker cannot answer for another", async () => {
  using watcher = new Watcher();
  const { channels, said } = daemon(watcher);
  const [own, worker] = openSocketPair("seqpacket");
  const [ownToo, stranger] = openSocketPair("seqpacket");
  channels.adopt(slot, own, spoken);
  channels.adopt(other, ownToo, spoken);
  const answer = channels.ask(slot, { type: "query" }, [], 10_000);
  const { query } = await hear(worker);
  say(stranger, verdict(query));
  await waitUntil("the stranger to be heard", 10_000, () => said.includes("verdict 1.1"));
  say(worker, report(query));
  assert.equal((await answer)?.message.type, "report");
  for (const of of [slot, other]) channels.forget(of);
  for (const fd of [worker, stranger]) closeFd(fd);
});

test("a worker is a plain one until it says hello, and one that talks nonsense is again", async () => {
  using watcher = new Watcher();
  const { channels, said } = daemon(watcher);
  const [own, worker] = openSocketPair("seqpacket");
  channels.adopt(slot, own);
  assert.equal(channels.isNative(slot), false);
  assert.equal(channels.send(slot, { type: "activate", after: [] }), false);
  assert.equal(await channels.ask(slot, { type: "query" }, [], 10_000), undefined);
  say(worker, hello);
  await waitUntil("hello", 10_000, () => channels.isNative(slot));
  say(worker, { type: "report", query: -1, servers: "all" });
  await waitUntil("its channel to be dropped", 10_000, () => said.length === 3);
  assert.equal(channels.isNative(slot), false);
  assert.match(said.join("\n"), /^hello 1\.0\nremoved 1\.0\nlost 1\.0: it sent a message that is not under/);
  closeFd(worker);
});

test("one that never was native is lost without a word", async () => {
  using watcher = new Watcher();
  const { channels, said } = daemon(watcher);
  const [own, worker] = openSocketPair("seqpacket");
  channels.adopt(slot, own);
  closeFd(worker);
  await waitUntil("its channel to be gone", 10_000, () => said.length > 0);
  assert.deepEqual(said, ["removed 1.0"]);
});

test("a hand-over names the process that made the channel where that is a child of the worker's own", async () => {
  using watcher = new Watcher();
  const { channels } = daemon(watcher, (pid) => (pid === process.pid ? slot : undefined));
  const [own, worker] = openSocketPair("seqpacket");
  const [ownToo, heir] = openSocketPair("seqpacket");
  channels.adopt(slot, own, spoken);
  channels.adopt(other, ownToo, spoken);
  const shell = { ...slot, process: { pid: 4711, startTime: null } };
  const second = { ...other, process: { pid: 4712, startTime: null } };
  assert(channels.drain(shell, [second], false, 1_000));
  const received = await waitUntil("an order", 10_000, () => receiveMessage(heir));
  assert.deepEqual(JSON.parse(received.bytes.toString()).from, { name: "1.0", pid: process.pid });
  const drain = await waitUntil("an order", 10_000, () => receiveMessage(worker));
  assert.deepEqual(JSON.parse(drain.bytes.toString()).to, [{ name: "1.1", pid: 4712 }]);
  for (const fd of [...received.fds, ...drain.fds, worker, heir]) closeFd(fd);
  channels.release();
});

test("a hand-over that runs out of fds on its way leaves none open", () => {
  using watcher = new Watcher();
  const { channels } = daemon(watcher);
  const slots = [0, 1, 2].map((index) => ({ generation: 1, index, process: { pid: 1, startTime: null } }));
  const theirs = slots.map((one) => {
    const [own, end] = openSocketPair("seqpacket");
    channels.adopt(one, own, spoken);
    return end;
  });
  const [from, ...to] = slots;
  assert.ok(from !== undefined);
  const before = countFds();
  // Room for the first pair, and for half of the second.
  withFds(2, () => assert.throws(() => channels.drain(from, to, false, 0), /EMFILE/));
  assert.equal(countFds(), before);
  channels.release();
  theirs.forEach(closeFd);
});

/** While it runs the process can open so many fds. */
function withFds(room: number, run: () => void): void {
  const taken = Array.from({ length: 64 }, () => duplicateFd(0));
  const limit = Math.max(...taken) + 1;
  limitFds(limit);
  try {
    taken.splice(-room).forEach(closeFd);
    run();
  } finally {
    taken.forEach(closeFd);
    limitFds(4096);
  }
}

function limitFds(count: number): void {
  execFileSync("prlimit", ["--pid", String(process.pid), `--nofile=${count}:`]);
}
