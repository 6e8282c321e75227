import type { Address } from "../lib/address.js";
import { HoldfastError } from "../lib/failure.js";
import { libc } from "./ffi.js";

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** sizeof(struct sockaddr_un): the largest of the three kinds. */
export const maxSocketAddressBytes = 110;

const inetPton = libc<[family: number, text: string, bytes: Buffer]>(
  "int inet_pton(int, const char *, void *)",
);

/** The address family a listener of this address needs. */
export function familyOf(address: Address): number {
  if (address.kind === "unix") return AF_UNIX;
  return address.family === 4 ? AF_INET : AF_INET6;
}

/** The address as bind(2) and connect(2) take it. Throws for text that is no address: `parseAddress` keeps it out. */
export function packSocketAddress(address: Address): Buffer {
  if (address.kind === "unix") return packUnixAddress(address.path);
  const family = familyOf(address);
  const bytes = Buffer.alloc(family === AF_INET ? 16 : 28);
  bytes.writeUInt16LE(family, 0);
  bytes.writeUInt16BE(address.port, 2);
  if (inetPton(family, address.host, bytes.subarray(family === AF_INET ? 4 : 8)) !== 1) {
    throw new HoldfastError("bad-address", `cannot use address ${address.host}: not an IP address`);
  }
  return bytes;
}

function packUnixAddress(path: string): Buffer {
  const abstract = path.startsWith("@");
  // An abstract name ends with the address itself, a path with a zero byte. unix(7).
  const name = Buffer.from(abstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length > maxSocketAddressBytes - 2) {
    throw new HoldfastError("bad-address", `cannot use socket path ${path}: longer than 107 bytes`);
  }
  return Buffer.concat([Buffer.from([AF_UNIX, 0]), name]);
}

/** The address in what getsockname(2) wrote; undefined for an unnamed unix socket and for other families. */
export function unpackSocketAddress(bytes: Buffer, kind: "tcp" | "udp"): Address | undefined {
  if (bytes.length < 2) return undefined;
  switch (bytes.readUInt16LE(0)) {
    case AF_INET:
      return { kind, family: 4, host: bytes.subarray(4, 8).join("."), port: bytes.readUInt16BE(2) };
    case AF_INET6: {
      const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(8 + 2 * index).toString(16));
      return { kind, family: 6, host: groups.join(":"), port: bytes.readUInt16BE(2) };
    }
    case AF_UNIX: {
      const name = bytes.subarray(2);
      if (name.length === 0) return undefined;
      if (name[0] === 0) return { kind: "unix", path: `@${name.toString("utf8", 1)}` };
      const end = name.indexOf(0);
      return { kind: "unix", path: name.toString("utf8", 0, end === -1 ? name.length : end) };
    }
    default:
      return undefined;
  }
}
