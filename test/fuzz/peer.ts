import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { decodeMessage } from "../../src/channel/json.js";
import { receiverMessage, senderMessage } from "../../src/channel/peer-messages.js";
import { closeFd, duplicateFd } from "../../src/linux/fd.js";
import { createMemfd } from "../../src/linux/memfd.js";
import { maxMessageBytes, receiveMessage, sendMessage } from "../../src/linux/message.js";
import { hasHungUp } from "../../src/linux/poll.js";
import { openSocketPair } from "../../src/linux/socket-pair.js";
import { waitUntil } from "../harness/container/wait-until.js";
import { countFds } from "../harness/process/open-fds.js";
import { prepare, Rig } from "../unit/worker/hand-over/rig.js";
import {
  documentsOfReceiver,
  documentsOfSender,
  knownOfReceiver,
  knownOfSender,
} from "./corpus/peer-messages.js";
import { changedJson, wounded } from "./mutate.js";
import { feed, type Target } from "./target.js";

interface Packet {
  readonly bytes: Buffer;
  /** What comes along: connections, files of bytes, the channel's own kind. */
  readonly fds: readonly ("connection" | "file" | "channel")[];
}

interface HandOver {
  /** Which side is the liar. */
  readonly liar: "sender" | "receiver";
  readonly said: readonly Packet[];
  /** Whether its process has ended when its channel closes. */
  readonly dies: boolean;
}

const kind = fc.constantFrom(
  "connection" as const,
  "connection" as const,
  "file" as const,
  "channel" as const,
);

function packets(documents: readonly object[]): fc.Arbitrary<readonly Packet[]> {
  const text = changedJson(fc.constantFrom(...documents)).map((json) => Buffer.from(json));
  const bytes = fc.oneof({ weight: 5, arbitrary: text }, wounded(text)).map(fit);
  return fc.array(fc.record({ bytes, fds: fc.array(kind, { maxLength: 3 }) }), { maxLength: 8 });
}

function fit(bytes: Buffer): Buffer {
  return bytes.length === 0 ? Buffer.from(" ") : bytes.subarray(0, maxMessageBytes);
}

const input: fc.Arbitrary<HandOver> = fc.oneof(
  fc.record({ liar: fc.constant("sender" as const), said: packets(documentsOfSender), dies: fc.boolean() }),
  fc.record({
    liar: fc.constant("receiver" as const),
    said: packets(documentsOfReceiver),
    dies: fc.boolean(),
  }),
);

/** The hand-over between two workers of which one talks nonsense: no connection is lost that the other one holds, and no fd is left. */
export async function openPeer(): Promise<Target> {
  const file = createMemfd("fuzz");
  const attempt = async (handOver: HandOver): Promise<void> => {
    const before = countFds();
    await using afterwards = new Hand(file);
    if (handOver.liar === "sender") await lieToReceiver(handOver, afterwards);
    else await lieToSender(handOver, afterwards);
    await afterwards[Symbol.asyncDispose]();
    assert.equal(countFds(), before);
  };
  const known = [
    ...knownOfSender.map((bytes) => knownFrom("sender", bytes)),
    ...knownOfReceiver.map((bytes) => knownFrom("receiver", bytes)),
  ];
  return {
    feed: (seed) => feed({ input, known, attempt, runs: 60 }, seed),
    async [Symbol.asyncDispose]() {
      closeFd(file);
    },
  };
}

function knownFrom(liar: HandOver["liar"], bytes: Buffer): HandOver {
  return { liar, said: [{ bytes: fit(bytes), fds: ["connection"] }], dies: false };
}

/** The rig of both sides, and the ends of connections that no side has. */
class Hand implements AsyncDisposable {
  readonly rig = new Rig();
  readonly #file: number;
  readonly #open: number[] = [];
  #over = false;

  constructor(file: number) {
    this.#file = file;
  }

  /** A connection: the end that is handed over, the caller's, and the client's. */
  connection(): readonly [server: number, client: number] {
    const [server, client] = openSocketPair("stream");
    this.#open.push(client);
    return [server, client];
  }

  keep(fd: number): number {
    this.#open.push(fd);
    return fd;
  }

  say(end: number, { bytes, fds }: Packet): void {
    const made = fds.map((one) => {
      if (one === "file") return duplicateFd(this.#file);
      return one === "channel" ? duplicateFd(end) : this.connection()[0];
    });
    sendMessage(end, bytes, made);
    made.forEach(closeFd);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    await this.rig[Symbol.asyncDispose]();
    this.#open.forEach(closeFd);
  }
}

/** What was acknowledged before the nonsense, and for which `go` is said after it, is served. */
async function lieToReceiver({ said, dies }: HandOver, hand: Hand): Promise<void> {
  const { rig } = hand;
  const [own, theirs] = rig.pair();
  hand.keep(own);
  const { carrier, events, tellFate } = rig.receiver(theirs);
  const [server, client] = hand.connection();
  sendMessage(own, Buffer.from(JSON.stringify(prepare(900, 1))), [server]);
  closeFd(server);
  await waitUntil("the acknowledgement", 10_000, () => readOne(own, receiverMessage) !== undefined, 1);
  for (const one of said) hand.say(own, one);
  await settle();
  const ended = events.includes("end");
  sendMessage(own, Buffer.from(JSON.stringify({ type: "go", batch: 900 })), []);
  await settle();
  if (!ended) assert.ok(carrier.adopted > 0 && !hasHungUp(client), "what was acknowledged is lost");
  sendMessage(own, Buffer.from(JSON.stringify({ type: "end" })), []);
  await settle();
  if (events.includes("asked")) tellFate(dies);
  assert.ok(events.includes("closed"), "it waits for ever for who has ended");
}

/** What the receiver has not been told `go` for stays the sender's. */
async function lieToSender({ said }: HandOver, hand: Hand): Promise<void> {
  const { rig } = hand;
  const [own, theirs] = rig.pair();
  const carrier = rig.carrier();
  const clients = Array.from({ length: 4 }, () => {
    const [server, client] = hand.connection();
    carrier.put(server);
    return client;
  });
  const { events } = rig.sender([own], carrier);
  const copies = new Map<number, readonly number[]>();
  let gone = 0;
  const hear = (): void => {
    for (
      let seen = readOne(theirs, senderMessage);
      seen !== undefined;
      seen = readOne(theirs, senderMessage)
    ) {
      const { message, fds } = seen;
      if (message.type === "prepare") copies.set(message.batch, fds);
      else fds.forEach(closeFd);
      if (message.type !== "go") continue;
      gone += copies.get(message.batch)?.length ?? 0;
    }
  };
  const hasBegun = (): boolean => {
    hear();
    return copies.size > 0;
  };
  await waitUntil("the first batch", 10_000, hasBegun, 1);
  carrier.stuck = true;
  for (const one of said) {
    hand.say(theirs, one);
    await settle();
    hear();
  }
  closeFd(theirs);
  await waitUntil("the end of the hand-over", 10_000, () => events.includes("idle"), 1);
  for (const fd of [...copies.values()].flat()) closeFd(fd);
  const lost = clients.filter((client) => hasHungUp(client)).length;
  assert.ok(lost <= gone, `${lost} connections are lost, and for ${gone} it said go`);
}

/** A few turns of the loop, one for each packet that waits. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await nextTurn();
}

function readOne<S extends typeof senderMessage | typeof receiverMessage>(end: number, schema: S) {
  const packet = receive(end);
  if (packet === undefined) return undefined;
  const decoded = decodeMessage(schema, packet.bytes);
  assert.ok(decoded.ok, decoded.ok ? "" : decoded.failure.message);
  return { message: decoded.value, fds: packet.fds };
}

function receive(end: number) {
  try {
    const packet = receiveMessage(end);
    return packet === undefined || packet.bytes.length === 0 ? undefined : packet;
  } catch {
    // The other side has closed with something unread.
    return undefined;
  }
}
