import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { PacketChannel } from "../../../src/channel/packet-channel.js";
import { Watcher } from "../../../src/linux/epoll.js";
import { closeFd } from "../../../src/linux/fd.js";
import { type Message, receiveMessage } from "../../../src/linux/message.js";

/** At which message of a hand-over a worker ends by SIGKILL. */
export interface Death {
  /** `send prepare` or `read go`: what it is about to say or has just heard. */
  readonly at: string;
  readonly when: "before" | "after";
  /** The which of that type, counted from 1. */
  readonly nth: number;
}

/** Connections that it has sent, and that it has acknowledged, whatever the sizes of their batches. */
export interface Legacy {
  readonly sent: number;
  readonly acknowledged: number;
}

/** Written in the working directory before it dies: what it leaves. */
export const diedFile = "died";

export function readLegacy(directory: string): Legacy {
  return v.parse(legacySchema, readFileSync(join(directory, diedFile), "utf8"));
}

const legacySchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ sent: v.number(), acknowledged: v.number() }),
);

/** Makes this process die at that message. What is read is struck when it has left the queue, before anything is done about it. */
export function armDeath(death: Death | undefined): void {
  if (death === undefined) return;
  const { at, when, nth } = death;
  let seen = 0;
  const [arrived, left] = [new Map<number, number>(), { sent: 0, acknowledged: 0 }];
  const strike = (what: string, moment: "before" | "after", atLast: () => unknown = () => {}): void => {
    if (what !== at || moment !== when) return;
    seen += 1;
    if (seen !== nth) return;
    atLast();
    writeFileSync(`${diedFile}.new`, JSON.stringify(left));
    renameSync(`${diedFile}.new`, diedFile);
    process.kill(process.pid, "SIGKILL");
  };
  const { send } = PacketChannel.prototype;
  PacketChannel.prototype.send = function (bytes, fds) {
    const { type, batch } = read(bytes);
    const what = `send ${type}`;
    strike(what, "before");
    const sent = send.call(this, bytes, fds);
    if (type === "prepare") left.sent += fds?.length ?? 0;
    if (type === "received") left.acknowledged += arrived.get(batch) ?? 0;
    strike(what, "after");
    return sent;
  };
  const { watch } = Watcher.prototype;
  Watcher.prototype.watch = function (fd, onReadable) {
    watch.call(this, fd, () => {
      const next = lookAt(fd);
      const { type, batch } = read(next?.bytes);
      if (type === "prepare") arrived.set(batch, next?.fds.length ?? 0);
      strike(`read ${type}`, "before", () => receiveMessage(fd));
      onReadable();
    });
  };
}

/** The packet that is read next, its fds closed; what else is watched has none. */
function lookAt(fd: number): Message | undefined {
  try {
    const packet = receiveMessage(fd, { peek: true });
    packet?.fds.forEach(closeFd);
    return packet;
  } catch {
    return undefined;
  }
}

const messageSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ type: v.string(), batch: v.optional(v.number(), 0) }),
);

function read(bytes: Buffer | undefined): v.InferOutput<typeof messageSchema> {
  const message = v.safeParse(messageSchema, bytes?.toString());
  return message.success ? message.output : { type: "nothing", batch: 0 };
}
