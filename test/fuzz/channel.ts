import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { decodeMessage } from "../../src/channel/json.js";
import { daemonMessage } from "../../src/channel/worker-messages.js";
import { takeWorkerMessage } from "../../src/daemon/native-workers/interpret.js";
import { TicketSecret } from "../../src/daemon/native-workers/ticket-secret.js";
import { WorkerReports } from "../../src/daemon/native-workers/worker-reports.js";
import { verifyGeneration } from "../../src/daemon/perform/verify.js";
import { HoldfastError } from "../../src/lib/failure.js";
import { Watcher } from "../../src/linux/epoll.js";
import { closeFd } from "../../src/linux/fd.js";
import { createMemfd } from "../../src/linux/memfd.js";
import { maxMessageBytes, receiveMessage, sendMessage } from "../../src/linux/message.js";
import { openSocketPair } from "../../src/linux/socket-pair.js";
import { HeldListeners } from "../../src/listeners/held-listeners.js";
import type { Slot } from "../../src/model/event.js";
import { findGeneration } from "../../src/model/find.js";
import { nameWorker } from "../../src/model/turn.js";
import { WorkerChannels } from "../../src/process/worker-channels.js";
import { countFds } from "../harness/process/open-fds.js";
import { asked, documents, knownPackets } from "./corpus/worker-messages.js";
import { changedJson, wounded } from "./mutate.js";
import { Service } from "./service.js";
import { feed, type Target } from "./target.js";

interface Packet {
  readonly bytes: Buffer;
  readonly fds: number;
}

interface Talk {
  /** What the worker says by itself, and what it says first when it is asked. */
  readonly said: readonly Packet[];
  readonly answers: readonly Packet[];
}

const slots: readonly Slot[] = [1, 2].flatMap((generation) => [0, 1].map((index) => ({ generation, index })));
const liar: Slot = { generation: 1, index: 0 };
const hello = { type: "hello", protocol: 3, library: "fuzz" };

const text = changedJson(fc.constantFrom(...documents)).map((json) => Buffer.from(json));
const packet: fc.Arbitrary<Packet> = fc.record({
  bytes: fc.oneof({ weight: 5, arbitrary: text }, wounded(text)).map(fit),
  fds: fc.constantFrom(0, 0, 0, 1, 1, 2, 253),
});
const packets = fc.array(packet, { maxLength: 5 });
const input: fc.Arbitrary<Talk> = fc.record({ said: packets, answers: packets });

/** What the kernel takes. */
function fit(bytes: Buffer): Buffer {
  return bytes.length === 0 ? Buffer.from(" ") : bytes.subarray(0, maxMessageBytes);
}

/** A worker's messages at the daemon's end, and what it answers when an upgrade asks it for its state. */
export async function openChannel(): Promise<Target> {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-fuzz-"));
  const watcher = new Watcher();
  const tickets = new TicketSecret(directory, assert.fail);
  const file = createMemfd("fuzz");
  const listeners = new HeldListeners({
    unit: "holdfast@web.service",
    keeper: { store: () => {}, remove: () => {} },
    watcher,
    warn: () => {},
    takeFromWorkers: () => undefined,
    onDown: () => {},
  });

  const attempt = async ({ said, answers }: Talk): Promise<void> => {
    const before = countFds();
    const service = new Service();
    const reports = new WorkerReports();
    const lost: string[] = [];
    const channels = new WorkerChannels({
      watcher,
      storeChannel: () => {},
      removeChannel: () => {},
      ownerOf: () => undefined,
      onMessage: (slot, message) =>
        service.push(...takeWorkerMessage(slot, message, service.state, channels, reports, tickets)),
      onLost: (slot, why) => {
        lost.push(why);
        service.push({ type: "channel-lost", ...slot });
      },
    });
    const ends = new Map<string, number>();
    const connect = (slot: Slot): number => {
      const [own, worker] = openSocketPair("seqpacket");
      channels.adopt(slot, own);
      ends.set(nameWorker(slot), worker);
      say(worker, hello);
      channels.hearAll();
      return worker;
    };
    const tell = (worker: number, { bytes, fds }: Packet): void => {
      sendMessage(worker, bytes, Array<number>(fds).fill(file));
      channels.hearAll();
    };
    for (const slot of slots) connect(slot);
    const lying = ends.get(nameWorker(liar)) ?? -1;
    for (const one of said) tell(lying, one);
    const candidate = findGeneration(service.state, 2);
    if (candidate !== undefined) {
      let ended = false;
      // Whoever performs it makes a failure of what is thrown.
      const verification = verifyGeneration(candidate, service.state, channels, listeners, () => {})
        .catch((error: unknown) => assert.ok(error instanceof HoldfastError, String(error)))
        .finally(() => {
          ended = true;
        });
      while (!ended) {
        for (const [name, worker] of ends) {
          for (const question of hear(worker)) {
            if (name === nameWorker(liar)) for (const one of answers) tell(worker, ask(one, question));
            say(worker, answerTo(question));
            channels.hearAll();
          }
        }
        await nextTurn();
      }
      await verification;
    }
    service.assertKept();
    for (const why of lost) assert.match(why, /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,2000}$/u);
    const worker = connect(liar);
    const answer = channels.ask(liar, { type: "query" }, [], 10_000);
    const [question] = hear(worker).filter(({ type }) => type === "query");
    assert.ok(question !== undefined, "a worker that says hello afterwards is not asked");
    say(worker, answerTo(question));
    channels.hearAll();
    assert.equal((await answer)?.message.type, "report");
    channels.release();
    for (const end of new Set([lying, ...ends.values()])) closeFd(end);
    assert.equal(countFds(), before);
  };
  const known = knownPackets.flatMap((bytes): Talk[] => {
    const one = { bytes: fit(bytes), fds: 1 };
    return [
      { said: [one], answers: [] },
      { said: [], answers: [one] },
    ];
  });
  return {
    feed: (seed) => feed({ input, known, attempt, runs: 40 }, seed),
    async [Symbol.asyncDispose]() {
      closeFd(file);
      watcher.close();
      rmSync(directory, { recursive: true });
    },
  };
}

interface Question {
  readonly type: string;
  readonly query: number;
}

function say(worker: number, message: object): void {
  sendMessage(worker, Buffer.from(JSON.stringify(message)), []);
}

/** All that the daemon has said; each is a message that a worker understands. */
function hear(worker: number): Question[] {
  const heard: Question[] = [];
  for (let message = receive(worker); message !== undefined; message = receive(worker)) {
    message.fds.forEach(closeFd);
    const decoded = decodeMessage(daemonMessage, message.bytes);
    assert.ok(decoded.ok, decoded.ok ? "" : decoded.failure.message);
    if ("query" in decoded.value) heard.push(decoded.value);
  }
  return heard;
}

function receive(worker: number) {
  try {
    const message = receiveMessage(worker);
    return message === undefined || message.bytes.length === 0 ? undefined : message;
  } catch {
    // The daemon has dropped it.
    return undefined;
  }
}

/** What is meant as an answer has the number of the question. */
function ask({ bytes, fds }: Packet, { query }: Question): Packet {
  const whole = bytes.toString("latin1").replace(String(asked), String(query));
  return { bytes: fit(Buffer.from(whole, "latin1")), fds };
}

function answerTo({ type, query }: Question): object {
  if (type === "query") return { type: "report", query, servers: [] };
  if (type === "save") return { type: "saved", query, entries: [], failure: null };
  return { type: "verdict", query, failure: null };
}
