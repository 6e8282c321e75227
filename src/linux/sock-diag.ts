import { constants } from "node:os";
import { closeFd } from "./fd.js";
import { libc } from "./ffi.js";
import { openSocket, SOCK_RAW } from "./socket-calls.js";

const AF_NETLINK = 16;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
const NLM_F_DUMP = 0x300;
const NLMSG_NOOP = 1;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const MSG_DONTWAIT = 0x40;
const headerBytes = 16;
/** The kernel fills at most 32 KiB of it at a time. */
const answerBytes = 65_536;

const send = libc<[fd: number, bytes: Buffer, length: number, flags: number]>(
  "long send(int, void *, unsigned long, int)",
);
const recv = libc<[fd: number, bytes: Buffer, length: number, flags: number]>(
  "long recv(int, void *, unsigned long, int)",
);

/**
 * What the kernel says of one socket, or of all that fit the request, in the network namespace of this process; needs no
 * privilege and answers at once. Minus errno: EAFNOSUPPORT where the sandbox forbids AF_NETLINK, ENOENT for one socket that
 * does not exist. sock_diag(7).
 */
export function askSockDiag(request: Buffer, scope: "one" | "all"): readonly Buffer[] | number {
  const fd = openSocket(AF_NETLINK, SOCK_RAW, false, NETLINK_SOCK_DIAG);
  if (fd < 0) return fd;
  try {
    if (scope === "all") makeRoom(fd);
    const flags = NLM_F_REQUEST | (scope === "all" ? NLM_F_DUMP : 0);
    const sent = sendMessage(fd, SOCK_DIAG_BY_FAMILY, flags, request);
    return sent < 0 ? sent : receiveAnswers(fd, scope);
  } finally {
    closeFd(fd);
  }
}

/** In a list the kernel leaves room for as much as was asked for before: a first item that needs more would end the list. */
function makeRoom(fd: number): void {
  sendMessage(fd, NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, Buffer.alloc(0));
  recv(fd, Buffer.allocUnsafe(answerBytes), answerBytes, MSG_DONTWAIT);
}

function sendMessage(fd: number, kind: number, flags: number, body: Buffer): number {
  const message = Buffer.alloc(headerBytes + body.length);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(kind, 4);
  message.writeUInt16LE(flags, 6);
  body.copy(message, headerBytes);
  return send(fd, message, message.length, 0);
}

function receiveAnswers(fd: number, scope: "one" | "all"): readonly Buffer[] | number {
  const answers: Buffer[] = [];
  for (;;) {
    const batch = Buffer.allocUnsafe(answerBytes);
    const received = recv(fd, batch, batch.length, MSG_DONTWAIT);
    if (received < 0) return received;
    for (let at = 0; at + headerBytes <= received; ) {
      const length = batch.readUInt32LE(at);
      if (length < headerBytes) return -constants.errno.EPROTO;
      const kind = batch.readUInt16LE(at + 4);
      const body = batch.subarray(at + headerBytes, at + length);
      if (kind === NLMSG_DONE) return answers;
      if (kind === NLMSG_ERROR) return body.readInt32LE(0);
      answers.push(body);
      at += align(length);
    }
    if (scope === "one") return answers;
  }
}

/** The attribute of a kind in what follows an answer's fixed part. netlink(7). */
export function findAttribute(answer: Buffer, fixedBytes: number, wanted: number): Buffer | undefined {
  for (let at = fixedBytes; at + 4 <= answer.length; ) {
    const length = answer.readUInt16LE(at);
    if (length < 4) return undefined;
    if (answer.readUInt16LE(at + 2) === wanted) return answer.subarray(at + 4, at + length);
    at += align(length);
  }
  return undefined;
}

function align(length: number): number {
  return (length + 3) & ~3;
}
