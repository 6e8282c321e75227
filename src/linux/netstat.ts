import { readFileSync } from "node:fs";

/** What the kernel counts of connections that it could not keep until they were accepted, in the network namespace of this process. */
export interface ListenDrops {
  /** A queue was full. */
  readonly overflows: number;
  /** For this or any other reason. */
  readonly drops: number;
}

/** ListenOverflows and ListenDrops of netstat(8); undefined where they cannot be read. */
export function readListenDrops(): ListenDrops | undefined {
  let text: string;
  try {
    text = readFileSync("/proc/self/net/netstat", "latin1");
  } catch {
    return undefined;
  }
  const [names, values] = text.split("\n").filter((line) => line.startsWith("TcpExt:"));
  if (names === undefined || values === undefined) return undefined;
  const at = names.split(" ");
  const counts = values.split(" ").map(Number);
  const overflows = counts[at.indexOf("ListenOverflows")];
  const drops = counts[at.indexOf("ListenDrops")];
  return overflows === undefined || drops === undefined ? undefined : { overflows, drops };
}
