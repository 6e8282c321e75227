import { DEADLINE_MS, waitUntil } from "../container/wait-until.js";
import type { WebService } from "./web-service.js";

/**
 * Asks test/apps/plain for a response that goes on until it is told to end, and returns when it has begun: what comes then meets a request
 * in flight, however long it takes. The function returned ends it and returns its lines.
 */
export async function beginStream({
  container,
  name,
  address,
}: WebService): Promise<() => Promise<string[]>> {
  const [file, gate] = [`/run/${name}.stream`, `/srv/${name}/stream-ends`];
  await container.sh(`rm -f ${file} ${gate}`);
  const ended = container.sh(`curl -sSN 'http://${address}/stream?until=${gate}' > ${file}`);
  ended.catch(() => {}); // told by whoever waits for its end
  await waitUntil("the stream", DEADLINE_MS, async () => (await container.sh(`cat ${file} || true`)) !== "");
  return async () => {
    await container.write(gate, "");
    await ended;
    return (await container.read(file)).split("\n");
  };
}
