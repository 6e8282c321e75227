import { connect, createServer } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { countConnections } from "./open-connection.js";
import { halfCharacterIn, streamHandleOf } from "./socket-handle.js";

/** Why connections cannot move on this Node, for people; undefined when all is there. Touches no network. */
export function checkTcpInternals(): string | undefined {
  const probe = connect({ host: "127.0.0.1", port: 1 });
  const handle = streamHandleOf(probe);
  probe.on("error", () => {}).destroy();
  if (handle === undefined) return lacks("fd and writeQueueSize of a net.Socket's handle");
  if (countConnections(createServer()) === undefined) return lacks("the connection count of net.Server");
  const decoder = new StringDecoder("utf8");
  const half = Buffer.from("€").subarray(0, 2);
  decoder.write(half);
  return halfCharacterIn(decoder).equals(half) ? undefined : lacks("the half character of a StringDecoder");
}

function lacks(what: string): string {
  return `Node ${process.version} lacks ${what}`;
}
