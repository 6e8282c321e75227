import { libc, orThrow } from "./ffi.js";
import { AF_UNIX } from "./socket-address.js";
import { SOCK_SEQPACKET, SOCK_STREAM, setOption } from "./socket-calls.js";

const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SO_SNDBUF = 7;
/** Room for a few full packets on their way, so that a sender rarely finds the queue full. */
const sendBufferBytes = 1024 * 1024;

const socketpair = libc<[domain: number, type: number, protocol: number, pair: Buffer]>(
  "int socketpair(int, int, int, void *)",
);

/** Two connected AF_UNIX sockets, non-blocking and close-on-exec. socketpair(2). */
export function openSocketPair(type: "seqpacket" | "stream"): readonly [number, number] {
  const pair = Buffer.alloc(8);
  const kind = type === "seqpacket" ? SOCK_SEQPACKET : SOCK_STREAM;
  orThrow("open a socket pair", socketpair(AF_UNIX, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair));
  const ends = [pair.readInt32LE(0), pair.readInt32LE(4)] as const;
  if (type === "seqpacket") {
    const size = Buffer.alloc(4);
    size.writeInt32LE(sendBufferBytes);
    for (const end of ends) setOption(end, SO_SNDBUF, size);
  }
  return ends;
}
