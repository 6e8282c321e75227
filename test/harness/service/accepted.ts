import type { Container } from "../container/container.js";
import { DEADLINE_MS, waitUntil } from "../container/wait-until.js";

/** Returns when an app has accepted the one connection of a port: one that nobody has accepted yet is established, too. */
export async function untilAccepted(container: Container, port: number): Promise<void> {
  await waitUntil("the request in flight", DEADLINE_MS, async () => {
    const held = await container.sh(`ss -Htnp state established 'sport = :${port}' | grep -c 'pid=' || true`);
    return Number(held) === 1;
  });
}
