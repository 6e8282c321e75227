import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFd } from "../../../src/linux/fd.js";
import { createMemfd } from "../../../src/linux/memfd.js";
import { receiveMessage, sendMessage } from "../../../src/linux/message.js";
import { countFds } from "../../harness/process/open-fds.js";
import { receive, runPython, say } from "./packets.js";
import { TwoEnds } from "./two-ends.js";

test("a channel that is closed while packets wait keeps none of their fds", async () => {
  const before = countFds();
  {
    await using ends = new TwoEnds();
    const file = createMemfd("file");
    for (let at = 0; at < 400; at += 1) ends.channel.send(Buffer.alloc(4096, 1), [file]);
    closeFd(file);
    assert.ok(countFds() > before + 3, "the queue was never full");
  }
  assert.equal(countFds(), before);
});

test("all that a peer said before it died is delivered, and then its end, once", async () => {
  await using ends = new TwoEnds();
  for (let at = 0; at < 40; at += 1) say(ends.peer, `last words ${at}`);
  ends.closePeer();
  await ends.until("the end", () => ends.closed.length > 0);
  assert.equal(ends.packets.length, 40);
  assert.deepEqual(ends.closed, ["the peer is gone"]);
});

test("a peer that dies with packets unread is heard to its end: ECONNRESET is only its first word", async () => {
  await using ends = new TwoEnds();
  ends.channel.send(Buffer.from("never read"));
  for (let at = 0; at < 20; at += 1) say(ends.peer, `last words ${at}`);
  ends.closePeer();
  await ends.until("the end", () => ends.closed.length > 0);
  assert.equal(ends.packets.length, 20);
  assert.deepEqual(ends.closed, ["the peer is gone"]);
});

test("an empty packet is the end, whatever fds come with it", async () => {
  await using ends = new TwoEnds();
  const before = countFds();
  const python = `
import array, socket
peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=3)
peer.sendmsg([b""], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
`;
  await runPython(python, ends.peer);
  await ends.until("the end", () => ends.closed.length > 0);
  assert.equal(countFds(), before - 1);
});

test("a peer that is dropped reads the end, and what it goes on to send is not kept", async () => {
  await using ends = new TwoEnds();
  ends.channel.drop("by test");
  ends.channel.drop("again");
  assert.deepEqual(ends.closed, ["by test"]);
  ends.channel.send(Buffer.from("nothing"));
  assert.equal(receiveMessage(ends.peer)?.bytes.length, 0);
  assert.ok(sendMessage(ends.peer, Buffer.from("anybody?"), []) < 0);
});

test("a channel that has ended its sending still hears what was on its way", async () => {
  await using ends = new TwoEnds();
  ends.channel.send(Buffer.from("said before"));
  ends.channel.endSending();
  ends.channel.send(Buffer.from("too late"));
  say(ends.peer, "on its way");
  assert.equal(receiveMessage(ends.peer)?.bytes.toString(), "said before");
  assert.equal(receiveMessage(ends.peer)?.bytes.length, 0);
  await ends.until("the packet", () => ends.packets.length === 1);
  assert.deepEqual(ends.closed, []);
  ends.closePeer();
  await ends.until("the end", () => ends.closed.length === 1);
});

test("a last word is sent behind all that waits, and only then the channel ends", async () => {
  await using ends = new TwoEnds();
  const count = 400;
  let finished = false;
  for (let at = 0; at < count; at += 1) ends.channel.send(Buffer.alloc(4096, 1));
  ends.channel.finish(Buffer.from("last"), () => {
    finished = true;
  });
  assert.equal(ends.channel.send(Buffer.from("later")), false);
  say(ends.peer, "nobody listens any more");
  assert.equal(finished, false, "the queue was never full");
  const got: string[] = [];
  await ends.until("the end", () => {
    for (let next = receive(ends.peer); next !== undefined; next = receive(ends.peer)) {
      got.push(next);
      if (next === "") return true;
    }
    return false;
  });
  assert.equal(finished, true);
  assert.deepEqual([got.length, got.at(-2), got.at(-1)], [count + 2, "last", ""]);
  assert.deepEqual([ends.packets, ends.closed], [[], []]);
});

test("a last word to a peer that is gone ends the channel at once", async () => {
  await using ends = new TwoEnds();
  ends.closePeer();
  let finished = false;
  ends.channel.finish(Buffer.from("last"), () => {
    finished = true;
  });
  assert.ok(finished);
  assert.deepEqual(ends.closed, []);
});
