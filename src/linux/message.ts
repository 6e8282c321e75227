import { constants } from "node:os";
import koffi from "koffi";
import { HoldfastError } from "../lib/failure.js";
import { libc, systemCallFailed } from "./ffi.js";

/** Who sent a message, as the kernel saw it: SCM_CREDENTIALS of unix(7). */
export interface Credentials {
  /** 0 when the sender is in a pid namespace that cannot be seen from here. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export interface Message {
  readonly bytes: Buffer;
  /** Undefined unless the receiving socket has SO_PASSCRED. */
  readonly sender: Credentials | undefined;
  /** Close-on-exec copies, now the receiver's to close. */
  readonly fds: readonly number[];
  /** Bytes or fds were lost: the message was larger than the buffer, or this process is out of fds. */
  readonly truncated: boolean;
  /** The bytes are not whole. */
  readonly cutShort: boolean;
}

/** SCM_MAX_FD of the kernel. */
export const maxFdsPerMessage = 253;
export const maxMessageBytes = 65_536;

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const SCM_CREDENTIALS = 2;
const MSG_PEEK = 0x2;
const MSG_CTRUNC = 0x8;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;

// struct msghdr (56 bytes), struct iovec (16), struct cmsghdr (16), all of 64-bit Linux.
const iovecOffset = 56;
const controlOffset = 72;
const controlHeaderBytes = 16;
const controlCapacity = align(controlHeaderBytes + 4 * maxFdsPerMessage) + align(controlHeaderBytes + 12);
const dataOffset = controlOffset + controlCapacity;

const sendmsg = libc<[fd: number, header: Buffer, flags: number]>("long sendmsg(int, void *, int)");
const recvmsg = libc<[fd: number, header: Buffer, flags: number]>("long recvmsg(int, void *, int)");

/** One message laid out in memory that never moves, so that the addresses written into it stay right. */
interface Arena {
  readonly memory: Buffer;
  readonly address: bigint;
}

let sending: Arena | undefined;
let receiving: Arena | undefined;

function createArena(): Arena {
  const memory = Buffer.from(new ArrayBuffer(dataOffset + maxMessageBytes));
  const address = koffi.address(memory);
  memory.writeBigUInt64LE(address + BigInt(iovecOffset), 16);
  memory.writeBigUInt64LE(1n, 24);
  memory.writeBigUInt64LE(address + BigInt(dataOffset), iovecOffset);
  return { memory, address };
}

/** Sets the lengths of data and control, and clears the flags. */
function prepare({ memory, address }: Arena, dataBytes: number, controlBytes: number): void {
  memory.writeBigUInt64LE(BigInt(dataBytes), iovecOffset + 8);
  memory.writeBigUInt64LE(controlBytes === 0 ? 0n : address + BigInt(controlOffset), 32);
  memory.writeBigUInt64LE(BigInt(controlBytes), 40);
  memory.writeInt32LE(0, 48);
}

/**
 * Sends one message with copies of the fds over a connected AF_UNIX socket. Returns the bytes sent or minus errno.
 * A message must have at least one byte, and at most {@link maxMessageBytes} and {@link maxFdsPerMessage}. Never waits, unless told to: a
 * socket that another process has made may be a blocking one, or become it.
 */
export function sendMessage(
  socketFd: number,
  bytes: Uint8Array,
  fds: readonly number[],
  { wait = false } = {},
): number {
  if (bytes.length === 0 || bytes.length > maxMessageBytes || fds.length > maxFdsPerMessage) {
    throw new HoldfastError(
      "bad-message",
      `cannot send a message of ${bytes.length} bytes and ${fds.length} fds`,
    );
  }
  sending ??= createArena();
  const { memory } = sending;
  memory.set(bytes, dataOffset);
  const length = controlHeaderBytes + 4 * fds.length;
  prepare(sending, bytes.length, fds.length === 0 ? 0 : align(length));
  memory.writeBigUInt64LE(BigInt(length), controlOffset);
  memory.writeInt32LE(SOL_SOCKET, controlOffset + 8);
  memory.writeInt32LE(SCM_RIGHTS, controlOffset + 12);
  for (const [index, fd] of fds.entries()) {
    memory.writeInt32LE(fd, controlOffset + controlHeaderBytes + 4 * index);
  }
  return sendmsg(socketFd, memory, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
}

/**
 * The next message of an AF_UNIX socket, without waiting; undefined when there is none. An empty one is the end of
 * a connection on SOCK_SEQPACKET and SOCK_STREAM, and an empty datagram otherwise. Throws with the errno's name,
 * ECONNRESET among them, after which there may be more to read. With `peek` the message stays where it is.
 */
export function receiveMessage(socketFd: number, { peek = false } = {}): Message | undefined {
  receiving ??= createArena();
  const { memory } = receiving;
  prepare(receiving, maxMessageBytes, controlCapacity);
  const received = recvmsg(socketFd, memory, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | (peek ? MSG_PEEK : 0));
  if (received === -constants.errno.EAGAIN) return undefined;
  if (received < 0) throw systemCallFailed(`receive a message on fd ${socketFd}`, received);
  const flags = memory.readInt32LE(48);
  return {
    bytes: Buffer.from(memory.subarray(dataOffset, dataOffset + received)),
    ...unpackControl(memory.subarray(controlOffset, controlOffset + Number(memory.readBigUInt64LE(40)))),
    truncated: (flags & (MSG_TRUNC | MSG_CTRUNC)) !== 0,
    cutShort: (flags & MSG_TRUNC) !== 0,
  };
}

function unpackControl(control: Buffer): Pick<Message, "sender" | "fds"> {
  const fds: number[] = [];
  let sender: Credentials | undefined;
  for (let offset = 0; offset + controlHeaderBytes <= control.length; ) {
    const length = Number(control.readBigUInt64LE(offset));
    if (length < controlHeaderBytes) break;
    const type = control.readInt32LE(offset + 12);
    const body = control.subarray(offset + controlHeaderBytes, offset + length);
    if (type === SCM_RIGHTS) {
      for (let at = 0; at + 4 <= body.length; at += 4) fds.push(body.readInt32LE(at));
    } else if (type === SCM_CREDENTIALS) {
      sender = { pid: body.readInt32LE(0), uid: body.readUInt32LE(4), gid: body.readUInt32LE(8) };
    }
    offset += align(length);
  }
  return { sender, fds };
}

function align(length: number): number {
  return (length + 7) & ~7;
}
