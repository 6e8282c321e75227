import { resolve } from "node:path";

/** Where an app wants to listen. */
export type WantedAddress =
  | { readonly kind: "port"; readonly port: number; readonly host: string | undefined }
  /** Absolute, or `@` and a name of the abstract namespace. */
  | { readonly kind: "path"; readonly path: string };

/**
 * What the arguments of `server.listen` ask for, in all the forms that Node documents. Undefined for those that bring a
 * socket with them (a handle, an fd), for any free port, and for what Node will refuse.
 */
export function readListenArguments(args: readonly unknown[]): WantedAddress | undefined {
  const [first, second] = args;
  if (typeof first === "object" && first !== null) return readOptions(first);
  if (typeof first === "string" && readPort(first) === undefined) return wishPath(first);
  return wishPort(first, second);
}

function readOptions(options: object): WantedAddress | undefined {
  if ("_handle" in options || "handle" in options || "fd" in options) return undefined;
  const { port, host, path }: { port?: unknown; host?: unknown; path?: unknown } = options;
  if (port !== undefined && port !== null) return wishPort(port, host);
  return typeof path === "string" ? wishPath(path) : undefined;
}

function wishPort(value: unknown, host: unknown): WantedAddress | undefined {
  const port = readPort(value);
  if (port === undefined || port === 0) return undefined;
  return { kind: "port", port, host: typeof host === "string" && host !== "" ? host : undefined };
}

function wishPath(path: string): WantedAddress {
  return { kind: "path", path: path.startsWith("\0") ? `@${path.slice(1)}` : resolve(path) };
}

/** A number, or text that is one, as in `listen(process.env.PORT)`. */
function readPort(value: unknown): number | undefined {
  if (typeof value !== "number" && (typeof value !== "string" || value.trim() === "")) return undefined;
  const port = Number(value);
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : undefined;
}
