import { constants } from "node:os";
import { askSockDiag } from "./sock-diag.js";
import { AF_INET6 } from "./socket-address.js";

const IPPROTO_TCP = 6;
const anyCookie = 0xffffffff;
const requestBytes = 56;
/** Of the four parts of struct inet_diag_sockid: in a request it begins at byte 8, in an answer at byte 4. */
const requestId = 8;
const answerId = 4;
const idBytes = { ports: 4, address: 16 };
const inodeAt = 68;

const TCP_ESTABLISHED = 1;
const TCP_CLOSE_WAIT = 8;
const TCP_LISTEN = 10;

/** Host and port of one end, as in struct sockaddr_in and sockaddr_in6. */
interface End {
  readonly family: number;
  readonly port: Buffer;
  readonly host: Buffer;
}

function endOf(address: Buffer): End {
  const family = address.readUInt16LE(0);
  return {
    family,
    port: address.subarray(2, 4),
    host: family === AF_INET6 ? address.subarray(8, 24) : address.subarray(4, 8),
  };
}

/**
 * The inode of the socket at the server's end of a connection of this network namespace: 0 as long as it waits to be
 * accepted, undefined when there is none. Addresses as the client's getsockname(2) and getpeername(2) give them. Minus
 * errno when the kernel does not say.
 */
export function inodeAtServer(client: Buffer, server: Buffer): number | undefined {
  const [local, remote] = [endOf(server), endOf(client)];
  const request = packRequest(local.family, 0xffffffff);
  local.port.copy(request, requestId);
  remote.port.copy(request, requestId + 2);
  local.host.copy(request, requestId + idBytes.ports);
  remote.host.copy(request, requestId + idBytes.ports + idBytes.address);
  const answers = askSockDiag(request, "one");
  if (typeof answers === "number") return answers === -constants.errno.ENOENT ? undefined : answers;
  const [answer] = answers;
  // Where there is no connection the kernel finds the listener.
  if (answer === undefined || answer[1] === TCP_LISTEN) return undefined;
  return answer.readUInt32LE(inodeAt);
}

/** Each connection that waits at a listening address, by a text of its own; minus errno when the kernel does not say. */
export function connectionsWaitingAt(listener: Buffer): ReadonlySet<string> | number {
  const { family, port, host } = endOf(listener);
  const request = packRequest(family, (1 << TCP_ESTABLISHED) | (1 << TCP_CLOSE_WAIT));
  port.copy(request, requestId);
  const answers = askSockDiag(request, "all");
  if (typeof answers === "number") return answers;
  const everywhere = host.every((byte) => byte === 0);
  const waiting = new Set<string>();
  for (const answer of answers) {
    if (answer.readUInt32LE(inodeAt) !== 0) continue;
    const at = answerId + idBytes.ports;
    if (!everywhere && !answer.subarray(at, at + host.length).equals(host)) continue;
    waiting.add(answer.toString("hex", answerId, at + 2 * idBytes.address));
  }
  return waiting;
}

/** struct inet_diag_req_v2 for a family and a set of states. */
function packRequest(family: number, states: number): Buffer {
  const request = Buffer.alloc(requestBytes);
  request[0] = family;
  request[1] = IPPROTO_TCP;
  request.writeUInt32LE(states >>> 0, 4);
  request.writeUInt32LE(anyCookie, requestBytes - 8);
  request.writeUInt32LE(anyCookie, requestBytes - 4);
  return request;
}
