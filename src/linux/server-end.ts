import { whySilent } from "./backlog.js";
import { errorName } from "./ffi.js";
import { isReadable } from "./poll.js";
import { AF_UNIX, maxSocketAddressBytes } from "./socket-address.js";
import { readOption, readOwnAddress, readPeerAddress, SOL_SOCKET } from "./socket-calls.js";
import { inodeAtServer } from "./tcp-diag.js";
import { inodeOfPeer } from "./unix-diag.js";

const SO_ERROR = 4;

/** How far a connection has come, seen from its client. */
export type ServerEnd =
  /** The handshake is not over. */
  | { readonly is: "on-the-way" }
  | { readonly is: "waiting" }
  | { readonly is: "accepted"; readonly inode: number }
  /** Accepted, and it has said something or closed already; the socket may be gone. */
  | { readonly is: "answered" }
  | { readonly is: "unseen"; readonly why: string };

/** `inode` is the client socket's own. */
export function seeServerEnd(fd: number, inode: number): ServerEnd {
  const own = readOwnAddress(fd, maxSocketAddressBytes);
  if (typeof own === "number") return unseen(`the connection has no address (${errorName(own)})`);
  if (own.readUInt16LE(0) === AF_UNIX) return judge(fd, inodeOfPeer(inode));
  const peer = readPeerAddress(fd, maxSocketAddressBytes);
  if (typeof peer !== "number") return judge(fd, inodeAtServer(own, peer));
  const error = readOption(fd, SOL_SOCKET, SO_ERROR, 4);
  const errno = typeof error === "number" ? -error : error.readInt32LE(0);
  return errno === 0 ? { is: "on-the-way" } : unseen(`a connection to it fails (${errorName(-errno)})`);
}

function judge(fd: number, inode: number | undefined): ServerEnd {
  if (inode !== undefined && inode < 0) return unseen(whySilent(inode));
  if (inode !== undefined && inode > 0) return { is: "accepted", inode };
  // Only who has accepted it can write to it or close it.
  if (isReadable(fd)) return { is: "answered" };
  return inode === 0 ? { is: "waiting" } : unseen("the kernel does not show the connection");
}

function unseen(why: string): ServerEnd {
  return { is: "unseen", why };
}
