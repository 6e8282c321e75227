import { createServer } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { closeFd } from "../../linux/fd.js";
import { openSocketPair } from "../../linux/socket-pair.js";
import { countConnections, openConnection } from "./open-connection.js";
import { halfCharacterIn, streamHandleOf } from "./socket-handle.js";

/** Why connections cannot move on this Node, for people; undefined when all is there. Touches no network. */
export function checkTcpInternals(): string | undefined {
  const [fd, peer] = openSocketPair("stream");
  const probe = openConnection(fd, undefined);
  const handle = streamHandleOf(probe);
  probe.destroy();
  closeFd(peer);
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
