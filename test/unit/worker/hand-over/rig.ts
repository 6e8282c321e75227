import { PacketChannel } from "../../../../src/channel/packet-channel.js";
import type { StateEntry } from "../../../../src/channel/worker-messages.js";
import { Watcher } from "../../../../src/linux/epoll.js";
import { closeFd } from "../../../../src/linux/fd.js";
import { openSocketPair } from "../../../../src/linux/socket-pair.js";
import type { Carrier } from "../../../../src/worker/carriers/carrier.js";
import type { Peer } from "../../../../src/worker/hand-over/peer.js";
import { HandOverReceiver } from "../../../../src/worker/hand-over/receiver.js";
import { HandOverSender } from "../../../../src/worker/hand-over/sender.js";
import { waitUntil } from "../../../harness/container/wait-until.js";
import { Connections, FakeCarrier, serveWith } from "./fake-carrier.js";

export interface SenderSide {
  readonly sender: HandOverSender;
  readonly events: string[];
}

export interface ReceiverSide {
  readonly receiver: HandOverReceiver;
  readonly carrier: FakeCarrier;
  readonly events: string[];
  /** Lets the peer's process have ended, or have closed its channel while it lives. */
  readonly tellFate: (ended: boolean) => void;
}

/** A message as the other side would see it. */
export interface Seen {
  readonly message: Readonly<Record<string, unknown>>;
  readonly fds: readonly number[];
}

/** The bare other end of a hand-over. */
export interface Puppet {
  readonly seen: Seen[];
  readonly channel: PacketChannel;
  say(message: object, fds?: readonly number[]): void;
}

/** Senders, receivers and bare ends on one watcher; closes what is left of them. */
export class Rig implements AsyncDisposable {
  readonly connections = new Connections();
  readonly #watcher = new Watcher();
  readonly #carriers: FakeCarrier[] = [];
  readonly #puppets: Puppet[] = [];

  pair(): readonly [number, number] {
    return openSocketPair("seqpacket");
  }

  carrier(): FakeCarrier {
    const carrier = new FakeCarrier();
    this.#carriers.push(carrier);
    return carrier;
  }

  sender(
    ends: readonly number[],
    carrier: Carrier,
    {
      exclusive = false,
      state = [] as readonly StateEntry[],
      incoming = { open: 0 },
      // Nothing takes any time.
      now = (): number => 0,
    } = {},
  ): SenderSide {
    const events: string[] = [];
    const sender = new HandOverSender({
      served: [serveWith(carrier)],
      peers: ends.map((fd, index) => ({ name: `2.${index}`, fd })),
      incoming,
      watcher: this.#watcher,
      exclusive,
      giveState: () => {
        events.push("state");
        return { entries: state, fd: undefined };
      },
      onIdle: () => events.push("idle"),
      onChange: () => {},
      report: (problem) => events.push(problem),
      now,
    });
    return { sender, events };
  }

  receiver(fd: number, carrier = this.carrier()): ReceiverSide {
    const events: string[] = [];
    let told: (ended: boolean) => void = () => events.push("nobody asked");
    const peer: Peer = {
      name: "1.0",
      fd,
      learnFate: (callback) => {
        told = callback;
        events.push("asked");
      },
      release: () => events.push("released"),
    };
    const receiver = new HandOverReceiver({
      served: () => [serveWith(carrier)],
      peer,
      watcher: this.#watcher,
      onState: (entries) => events.push(`state ${entries.map(({ name }) => name).join()}`),
      onEnd: () => events.push("end"),
      onClosed: () => events.push("closed"),
      report: (problem) => events.push(problem),
      now: () => 0,
    });
    return { receiver, carrier, events, tellFate: (ended) => told(ended) };
  }

  puppet(fd: number): Puppet {
    const seen: Seen[] = [];
    const channel = new PacketChannel({
      fd,
      watcher: this.#watcher,
      onPacket: ({ bytes, fds }) => seen.push({ message: JSON.parse(bytes.toString()), fds }),
      onClose: (why) => seen.push({ message: { type: "closed", why }, fds: [] }),
    });
    const puppet: Puppet = {
      seen,
      channel,
      say: (message, fds = []) => channel.send(Buffer.from(JSON.stringify(message)), fds),
    };
    this.#puppets.push(puppet);
    return puppet;
  }

  until(what: string, condition: () => boolean): Promise<unknown> {
    return waitUntil(what, 10_000, condition);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { channel, seen } of this.#puppets) {
      channel.close();
      for (const { fds } of seen) fds.forEach(closeFd);
    }
    for (const carrier of this.#carriers) carrier.close();
    await this.connections[Symbol.asyncDispose]();
    this.#watcher.close();
  }
}

export function typesOf({ seen }: Puppet): unknown[] {
  return seen.map(({ message }) => message["type"]);
}

/** A `prepare` of as many connections. */
export function prepare(batch: number, count: number, changes: object = {}): object {
  const item = { kind: "tcp", listener: "lines", meta: {}, inputBytes: 0, outputBytes: 0, ...changes };
  return { type: "prepare", batch, items: Array.from({ length: count }, () => item) };
}

/** Some turns of the loop, in which anything that is wrongly begun would show. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
