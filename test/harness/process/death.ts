import { writeFileSync } from "node:fs";
import * as v from "valibot";
import { PacketChannel } from "../../../src/channel/packet-channel.js";
import { Watcher } from "../../../src/linux/epoll.js";
import { closeFd } from "../../../src/linux/fd.js";
import { receiveMessage } from "../../../src/linux/message.js";

/** At which message of a hand-over a worker ends by SIGKILL. */
export interface Death {
  /** `send prepare` or `read go`: what it is about to say or has just heard. */
  readonly at: string;
  readonly when: "before" | "after";
  /** The which of that type, counted from 1. */
  readonly nth: number;
}

/** Written in the working directory before it dies. */
export const diedFile = "died";

/** Makes this process die at that message. What is read is struck when it has left the queue, before anything is done about it. */
export function armDeath(death: Death | undefined): void {
  if (death === undefined) return;
  const { at, when, nth } = death;
  let seen = 0;
  const strike = (what: string, moment: "before" | "after", atLast: () => unknown = () => {}): void => {
    if (what !== at || moment !== when) return;
    seen += 1;
    if (seen !== nth) return;
    atLast();
    writeFileSync(diedFile, "");
    process.kill(process.pid, "SIGKILL");
  };
  const { send } = PacketChannel.prototype;
  PacketChannel.prototype.send = function (bytes, fds) {
    const what = `send ${typeOf(bytes)}`;
    strike(what, "before");
    const sent = send.call(this, bytes, fds);
    strike(what, "after");
    return sent;
  };
  const { watch } = Watcher.prototype;
  Watcher.prototype.watch = function (fd, onReadable) {
    watch.call(this, fd, () => {
      const next = typeOf(lookAt(fd));
      strike(`read ${next}`, "before", () => receiveMessage(fd));
      onReadable();
    });
  };
}

/** The packet that is read next; what else is watched has none. */
function lookAt(fd: number): Buffer | undefined {
  try {
    const packet = receiveMessage(fd, { peek: true });
    packet?.fds.forEach(closeFd);
    return packet?.bytes;
  } catch {
    return undefined;
  }
}

const messageSchema = v.pipe(v.string(), v.parseJson(), v.object({ type: v.string() }));

function typeOf(bytes: Buffer | undefined): string {
  const message = v.safeParse(messageSchema, bytes?.toString());
  return message.success ? message.output.type : "nothing";
}
