import { resolve } from "node:path";

/** Where an app wants to listen. */
export type WantedAddress =
  | {
      readonly kind: "port";
      readonly port: number;
      readonly host: string | undefined;
      /** Not on IPv4 as well. */
      readonly ipv6Only: boolean;
    }
  /** Absolute, or `@` and a name of the abstract namespace. */
  | { readonly kind: "path"; readonly path: string };

/** Or what it takes for one of the fds that systemd passes. */
export type WantedSocket = WantedAddress | { readonly kind: "fd"; readonly fd: number };

/** What the package `systemd` and those like it are told; systemd's one socket has that number. */
const systemdsOwn = { kind: "fd", fd: 3 } as const;

/**
 * What the arguments of `server.listen` ask for, in all the forms that Node documents. Undefined for any free port, and for what
 * Node will refuse.
 */
export function readListenArguments(args: readonly unknown[]): WantedSocket | undefined {
  const [first, second] = args;
  if (typeof first === "object" && first !== null) return readOptions(first);
  if (typeof first === "string" && readPort(first) === undefined) return wishPath(first);
  return wishPort(first, second, false);
}

function readOptions(options: object): WantedSocket | undefined {
  const { _handle: inner, handle = inner }: { _handle?: unknown; handle?: unknown } = options;
  const { fd }: { fd?: unknown } = typeof handle === "object" && handle !== null ? handle : options;
  if (typeof fd === "number") return fd >= 0 ? { kind: "fd", fd } : undefined;
  const { port, host, path, ipv6Only }: { [name in "port" | "host" | "path" | "ipv6Only"]?: unknown } =
    options;
  if (port !== undefined && port !== null) return wishPort(port, host, ipv6Only === true);
  return typeof path === "string" ? wishPath(path) : undefined;
}

function wishPort(value: unknown, host: unknown, ipv6Only: boolean): WantedAddress | undefined {
  const port = readPort(value);
  if (port === undefined || port === 0) return undefined;
  return { kind: "port", port, host: typeof host === "string" && host !== "" ? host : undefined, ipv6Only };
}

function wishPath(path: string): WantedSocket {
  if (path === "systemd") return systemdsOwn;
  return { kind: "path", path: path.startsWith("\0") ? `@${path.slice(1)}` : resolve(path) };
}

/** A number, or text that is one, as in `listen(process.env.PORT)`. */
function readPort(value: unknown): number | undefined {
  if (typeof value !== "number" && (typeof value !== "string" || value.trim() === "")) return undefined;
  const port = Number(value);
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : undefined;
}
