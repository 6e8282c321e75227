import assert from "node:assert/strict";
import { fstatSync } from "node:fs";
import { test } from "node:test";
import { closeFd } from "../../../src/linux/fd.js";
import { createMemfd } from "../../../src/linux/memfd.js";
import { maxMessageBytes, receiveMessage } from "../../../src/linux/message.js";
import { setOption } from "../../../src/linux/socket-calls.js";
import { openSocketPair } from "../../../src/linux/socket-pair.js";
import { countFds } from "../../harness/process/open-fds.js";
import { runNode } from "../linux/run-node.js";
import { receive, runPython, say } from "./packets.js";
import { TwoEnds } from "./two-ends.js";

const SO_SNDBUF = 7;

test("packets arrive whole and in order, each with its fds", async () => {
  await using ends = new TwoEnds();
  const file = createMemfd("one");
  for (let at = 0; at < 40; at += 1) say(ends.peer, `packet ${at}`, at % 2 === 0 ? [file, file] : []);
  await ends.until("40 packets", () => ends.packets.length === 40);
  assert.deepEqual(
    ends.texts(),
    Array.from({ length: 40 }, (_, at) => `packet ${at}`),
  );
  assert.deepEqual(
    ends.packets.map(({ fds }) => fds.length),
    Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? 2 : 0)),
  );
  const inodes = new Set(ends.packets.flatMap(({ fds }) => fds.map((fd) => fstatSync(fd).ino)));
  assert.deepEqual([...inodes], [fstatSync(file).ino]);
  closeFd(file);
});

test("what a full queue does not take waits, keeps its order and its own copies of the fds", async () => {
  await using ends = new TwoEnds();
  const count = 400;
  const before = countFds();
  for (let at = 0; at < count; at += 1) {
    const file = createMemfd(`file ${at}`);
    ends.channel.send(Buffer.alloc(4096, at.toString().padStart(8)), [file]);
    closeFd(file);
  }
  assert.ok(countFds() > before, "the queue was never full");
  const got: string[] = [];
  await ends.until("all packets", () => {
    for (let next = receiveMessage(ends.peer); next !== undefined; next = receiveMessage(ends.peer)) {
      assert.equal(next.fds.length, 1);
      next.fds.forEach(closeFd);
      got.push(next.bytes.toString("utf8", 0, 8));
    }
    return got.length === count;
  });
  assert.deepEqual(
    got,
    Array.from({ length: count }, (_, at) => at.toString().padStart(8)),
  );
  assert.equal(countFds(), before);
});

test("a packet is in the queue until it is taken: who inherits the end gets what died with its reader", async () => {
  const queued: (string | undefined)[] = [];
  await using ends: TwoEnds = new TwoEnds({
    keepUntilTaken: true,
    onPacket: (packet) => {
      ends.packets.push(packet);
      const left = receiveMessage(ends.fd, { peek: true });
      left?.fds.forEach(closeFd);
      queued.push(left?.bytes.toString());
    },
  });
  say(ends.peer, "one");
  say(ends.peer, "two");
  await ends.until("both", () => ends.packets.length === 2);
  assert.deepEqual(ends.texts(), ["one", "two"]);
  assert.deepEqual(queued, ["one", "two"]);
});

test("a peer may die, with packets unread, while its packet is being taken", async () => {
  await using ends: TwoEnds = new TwoEnds({
    keepUntilTaken: true,
    onPacket: (packet) => {
      ends.packets.push(packet);
      if (ends.packets.length === 1) ends.closePeer();
    },
  });
  ends.channel.send(Buffer.from("never read"));
  say(ends.peer, "one");
  say(ends.peer, "two");
  await ends.until("the end", () => ends.closed.length > 0);
  assert.deepEqual(ends.texts(), ["one", "two"]);
  assert.deepEqual(ends.closed, ["the peer is gone"]);
});

test("a packet over the limit ends the channel, and none of its fds is kept", async () => {
  await using ends = new TwoEnds();
  const before = countFds();
  const python = `
import array, socket
peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=3)
peer.sendmsg([b"x" * ${maxMessageBytes + 1}], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
`;
  await runPython(python, ends.peer);
  await ends.until("the end", () => ends.closed.length > 0);
  assert.match(ends.closed[0] ?? "", /over 65536 bytes/);
  assert.equal(ends.packets.length, 0);
  // Its own end is closed, too.
  assert.equal(countFds(), before - 1);
});

test("a packet that the kernel never takes is not said to be sent", async () => {
  await using ends = new TwoEnds();
  setOption(ends.fd, SO_SNDBUF, Buffer.from([0, 16, 0, 0]));
  assert.equal(ends.channel.send(Buffer.alloc(60_000, 1)), false);
  assert.equal(ends.channel.send(Buffer.from("small")), true);
  assert.equal(receive(ends.peer), "small");
});

test("a peer that never stops sending leaves the loop time for everything else", async () => {
  await using ends = new TwoEnds();
  let stop = false;
  const peer = ends.connectPeer(() => {});
  const flood = (): void => {
    for (let packet = 0; !stop && packet < 50; packet += 1) peer.send(Buffer.from("more"));
    if (!stop) setImmediate(flood);
  };
  flood();
  let turns = 0;
  const count = (): void => {
    turns += 1;
    if (!stop) setTimeout(count, 1);
  };
  count();
  await ends.until("50 turns of a timer", () => turns >= 50);
  stop = true;
  peer.close();
  assert.ok(ends.packets.length > 0);
});

test("in a process that is out of fds a packet arrives with fewer of them, and nothing leaks", async () => {
  const code = `
    import { readdirSync } from "node:fs";
    import { PacketChannel } from ${JSON.stringify(import.meta.resolve("../../../src/channel/packet-channel.js"))};
    import { Watcher } from ${JSON.stringify(import.meta.resolve("../../../src/linux/epoll.js"))};
    import { closeFd, duplicateFd } from ${JSON.stringify(import.meta.resolve("../../../src/linux/fd.js"))};
    const watcher = new Watcher();
    const said = [];
    new PacketChannel({
      fd: 3,
      watcher,
      onPacket: ({ bytes, fds }) => { said.push(bytes + " " + fds.length); fds.forEach(closeFd); },
      onClose: (why) => { said.push(why); watcher.close(); console.log(JSON.stringify(said)); },
    });
    const spare = [];
    try { for (;;) spare.push(duplicateFd(3)); } catch {}
    for (const fd of spare.splice(0, 2)) closeFd(fd);
  `;
  const [own, theirs] = openSocketPair("seqpacket");
  const file = createMemfd("file");
  say(own, "five", [file, file, file, file, file]);
  say(own, "none");
  closeFd(own);
  closeFd(file);
  const { stdout } = await runNode(code, { fds: [theirs] });
  closeFd(theirs);
  assert.match(stdout, /^\["five [12]","none 0","the peer is gone"\]$/);
});
