import { writeFileSync } from "node:fs";
import { PacketChannel } from "../../../src/channel/packet-channel.js";

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

/** Makes this process die at that message. What is read is struck before anything is done about it. */
export function armDeath(death: Death | undefined): void {
  if (death === undefined) return;
  const { at, when, nth } = death;
  let seen = 0;
  const strike = (what: string, moment: "before" | "after"): void => {
    if (what !== at || moment !== when) return;
    seen += 1;
    if (seen !== nth) return;
    writeFileSync(diedFile, "");
    process.kill(process.pid, "SIGKILL");
  };
  const { send } = PacketChannel.prototype;
  PacketChannel.prototype.send = function (bytes, fds) {
    const what = `send ${typeOf(JSON.parse(bytes.toString()))}`;
    strike(what, "before");
    const sent = send.call(this, bytes, fds);
    strike(what, "after");
    return sent;
  };
  const { parse } = JSON;
  JSON.parse = (text, reviver) => {
    const parsed: unknown = parse(text, reviver);
    strike(`read ${typeOf(parsed)}`, "before");
    return parsed;
  };
}

function typeOf(message: unknown): string {
  const type: unknown = typeof message === "object" && message !== null && Reflect.get(message, "type");
  return typeof type === "string" ? type : "nothing";
}
