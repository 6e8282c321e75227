import { isIP, isIPv4 } from "node:net";
import { posix } from "node:path";
import { type Failure, fail, type Result, succeed } from "./failure.js";

type Invalid = Failure<"address-invalid">;

/**
 * Where a listener listens. Written `127.0.0.1:8080`, `[::]:8080`, `unix:/run/web.sock`, `unix:@abstract`,
 * with `udp:` before an IP address for datagrams, and with `%eth0` after it where only that network interface counts.
 */
export type Address =
  | {
      readonly kind: "tcp" | "udp";
      readonly family: 4 | 6;
      readonly host: string;
      readonly port: number;
      /** SO_BINDTODEVICE of socket(7); of a link-local address its zone, RFC 4007. */
      readonly device?: string;
    }
  /** An absolute path, or `@` and a name of the abstract namespace, as in systemd.socket(5). */
  | { readonly kind: "unix"; readonly path: string };

/** sun_path of unix(7) has 108 bytes, one of which ends the path (or starts an abstract name). */
const maxUnixPathBytes = 107;

/** Reads an address as an admin writes it. Fails with `address-invalid` and a message that says what to write. */
export function parseAddress(text: string): Result<Address, Invalid> {
  if (text.startsWith("unix:")) return parseUnix(text, text.slice("unix:".length));
  if (text.startsWith("udp:")) return parseIp(text, "udp", text.slice("udp:".length));
  return parseIp(text, "tcp", text);
}

/** The one canonical spelling: addresses that are the same give the same text, and `parseAddress` reads it back. */
export function formatAddress(address: Address): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  const device = address.device === undefined ? "" : `%${address.device}`;
  const host = address.family === 6 ? `[${compressIPv6(address.host)}${device}]` : `${address.host}${device}`;
  return `${address.kind === "udp" ? "udp:" : ""}${host}:${address.port}`;
}

/** Whether both are one and the same place to listen, however they were spelled. */
export function sameAddress(a: Address, b: Address): boolean {
  return formatAddress(a) === formatAddress(b);
}

/** Whether one of the two keeps the other from being bound: the same port, and one of the hosts means all, that of IPv6 both families. */
export function overlaps(a: Address, b: Address): boolean {
  if (a.kind === "unix" || b.kind === "unix") return sameAddress(a, b);
  if (a.kind !== b.kind || a.port !== b.port) return false;
  if (a.device !== undefined && b.device !== undefined && a.device !== b.device) return false;
  if (a.family !== b.family) return a.host === "::" || b.host === "::";
  return a.host === b.host || isAny(a) || isAny(b);
}

/** Whether the first is `[::]`, and would take what comes to the other, were it not told to leave IPv4 alone. */
export function leavesIPv4To(one: Address, other: Address): boolean {
  if (one.kind === "unix" || other.kind === "unix") return false;
  return one.host === "::" && other.family === 4 && overlaps(one, other);
}

function isAny({ host }: { readonly host: string }): boolean {
  return host === "::" || host === "0.0.0.0";
}

function parseUnix(text: string, path: string): Result<Address, Invalid> {
  const bytes = Buffer.byteLength(path);
  if (bytes > maxUnixPathBytes) {
    return refuse(text, `the path has ${bytes} bytes, and a socket's path at most ${maxUnixPathBytes}`);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\x00-\x1f\x7f]/.test(path)) return refuse(text, "the path has control characters in it");
  if (path.startsWith("@")) {
    if (path === "@") return refuse(text, "a name must follow the @");
    return succeed({ kind: "unix", path });
  }
  if (!path.startsWith("/")) {
    return refuse(text, "the path must be absolute, as in unix:/run/web/web.sock (or unix:@name)");
  }
  if (path.endsWith("/")) return refuse(text, "that is a directory; add the socket's file name");
  const plain = posix.normalize(path);
  if (plain !== path) return refuse(text, `the path goes a long way round; write unix:${plain}`);
  return succeed({ kind: "unix", path });
}

function parseIp(text: string, kind: "tcp" | "udp", rest: string): Result<Address, Invalid> {
  const prefix = kind === "udp" ? "udp:" : "";
  const parts = /^(?:\[([^\]]*)\]|(.*)):([^:\]]*)$/s.exec(rest);
  if (parts === null) {
    if (isIPv4(rest)) return refuse(text, `a port is missing; write ${prefix}${rest}:8080`);
    return refuse(
      text,
      `write an IP address and a port, as in ${prefix}127.0.0.1:8080 or ${prefix}[::]:8080`,
    );
  }
  const [, bracketed, bare = "", portText = ""] = parts;
  const [host = "", device, ...more] = (bracketed ?? bare).split("%");
  if (bracketed === undefined && isIP(rest) === 6) {
    return refuse(
      text,
      `an IPv6 address goes in brackets, with a port after it; write ${prefix}[${rest}]:8080`,
    );
  }
  if (more.length > 0 || (device !== undefined && !/^[^\s/:]{1,15}$/.test(device)))
    return refuse(text, "the name of a network interface goes after the %, as in [fe80::1%eth0]:80");
  const family = isIP(host);
  if (family === 6 && bracketed === undefined) {
    return refuse(text, `an IPv6 address goes in brackets; write ${prefix}[${host}]:${portText}`);
  }
  if (family === 0 || (family === 4 && bracketed !== undefined))
    return refuse(text, explainHost(host, prefix));
  if (portText === "0") {
    return refuse(
      text,
      "port 0 means any free port, and clients could not know which; write one of 1 to 65535, or 127.0.0.1:0 in the config for a port at which the daemon asks each new version",
    );
  }
  const port = /^[1-9][0-9]{0,4}$/.test(portText) ? Number(portText) : 0;
  if (port < 1 || port > 65535) return refuse(text, "the port must be a number from 1 to 65535");
  const on = device === undefined ? {} : { device };
  return succeed(
    family === 6
      ? { kind, family: 6, host: compressIPv6(host), port, ...on }
      : { kind, family: 4, host, port, ...on },
  );
}

function explainHost(host: string, prefix: string): string {
  if (host === "" || host === "*") {
    return `to listen on all addresses write ${prefix}0.0.0.0 (IPv4) or ${prefix}[::] (IPv6) before the port`;
  }
  if (isIPv4(host)) return "only an IPv6 address goes in brackets";
  if (/^[a-z0-9_.-]*[a-z][a-z0-9_.-]*$/i.test(host)) {
    return `"${host}" is a host name, which may mean another address tomorrow; write an IP address`;
  }
  return `${JSON.stringify(host)} is not an IP address`;
}

/** RFC 5952 form, by way of the WHATWG URL parser, which has to produce it. */
function compressIPv6(host: string): string {
  if (isIP(host) !== 6) return host;
  return new URL(`http://[${host}]/`).hostname.slice(1, -1);
}

function refuse(text: string, why: string): Result<never, Invalid> {
  return fail("address-invalid", `cannot read address ${JSON.stringify(text)}: ${why}`);
}
