import { constants } from "node:os";
import { askSockDiag, findAttribute } from "./sock-diag.js";
import { AF_UNIX } from "./socket-address.js";

const requestBytes = 24;
const answerBytes = 16;
const anyCookie = 0xffffffff;
const TCP_LISTEN = 10;

const UDIAG_SHOW_PEER = 4;
const UDIAG_SHOW_ICONS = 8;
const UDIAG_SHOW_RQLEN = 16;
const UNIX_DIAG_PEER = 2;
const UNIX_DIAG_ICONS = 3;
const UNIX_DIAG_RQLEN = 4;

/**
 * The inode of the socket at the other end of a connection: 0 as long as it waits to be accepted. Minus errno when the
 * kernel does not say.
 */
export function inodeOfPeer(inode: number): number | undefined {
  const peer = askOne(inode, UDIAG_SHOW_PEER, UNIX_DIAG_PEER);
  return typeof peer === "number" ? peer : peer?.readUInt32LE(0);
}

/** Connections that wait at a listener, and how many may; minus errno when the kernel does not say. */
export function queueOf(inode: number): { readonly queued: number; readonly limit: number } | number {
  const lengths = askOne(inode, UDIAG_SHOW_RQLEN, UNIX_DIAG_RQLEN);
  if (typeof lengths === "number") return lengths;
  return { queued: lengths?.readUInt32LE(0) ?? 0, limit: lengths?.readUInt32LE(4) ?? 0 };
}

/**
 * Each connection that waits at a listener, by its client's inode, without those whose client has closed it; minus errno
 * when the kernel does not say. All listeners are asked: the answer to one has room for a thousand, a list for eight thousand.
 */
export function clientsWaitingAt(inode: number): ReadonlySet<string> | number {
  const answers = askSockDiag(packRequest(0, 1 << TCP_LISTEN, UDIAG_SHOW_ICONS), "all");
  if (typeof answers === "number") return answers;
  const answer = answers.find((each) => each.readUInt32LE(4) === inode);
  if (answer === undefined) return -constants.errno.ENOENT;
  const clients = findAttribute(answer, answerBytes, UNIX_DIAG_ICONS) ?? Buffer.alloc(0);
  const waiting = new Set<string>();
  for (let at = 0; at + 4 <= clients.length; at += 4) {
    const client = clients.readUInt32LE(at);
    if (client !== 0) waiting.add(String(client));
  }
  return waiting;
}

function askOne(inode: number, show: number, attribute: number): Buffer | undefined | number {
  const answers = askSockDiag(packRequest(inode, 0xffffffff, show), "one");
  if (typeof answers === "number") return answers;
  return answers[0] === undefined ? undefined : findAttribute(answers[0], answerBytes, attribute);
}

/** struct unix_diag_req. */
function packRequest(inode: number, states: number, show: number): Buffer {
  const request = Buffer.alloc(requestBytes);
  request[0] = AF_UNIX;
  for (const [index, value] of [states, inode, show, anyCookie, anyCookie].entries()) {
    request.writeUInt32LE(value >>> 0, 4 + 4 * index);
  }
  return request;
}
