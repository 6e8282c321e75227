import type { Container } from "../container/container.js";

/** How many connections of a port processes of the container have: one that nobody has accepted yet is established, too. */
export async function countAccepted(container: Container, port: number): Promise<number> {
  const held = await container.sh(`ss -Htnp state established 'sport = :${port}' | grep -c 'pid=' || true`);
  return Number(held);
}
