import type { Server } from "node:net";
import { until } from "../tcp/rig.js";
import type { Pair } from "./pair.js";
import type { RawClient } from "./raw-client.js";

/** So many clients that have each had an answer from A, and then moved to B without a word. */
export async function moveSilently(
  pair: Pair,
  count: number,
  { unused = 0 } = {},
): Promise<{ readonly clients: RawClient[]; readonly silent: RawClient[] }> {
  const clients: RawClient[] = [];
  const silent: RawClient[] = [];
  for (let at = 0; at < count; at += 1) clients.push(await pair.connect());
  await Promise.all(clients.map((client) => client.get("/")));
  for (let at = 0; at < unused; at += 1) silent.push(await pair.connect());
  await until("all are accepted", () => pair.a.carrier.open === count + unused);
  await pair.upgrade(pair.a, pair.b);
  return { clients, silent };
}

export function countConnections(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}
