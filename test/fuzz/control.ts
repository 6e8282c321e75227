import assert from "node:assert/strict";
import fc from "fast-check";
import { hasLeft, peerOf } from "../../src/daemon/recover/own-sockets.js";
import { Afterwards } from "../harness/ends.js";
import { countFds } from "../harness/process/open-fds.js";
import { startServer, until } from "../unit/control/rig.js";
import { type Attempt, attempt, delivery, requestTimeoutMs, statusIn } from "./client.js";
import { badRequests, oddRequests } from "./corpus/requests.js";
import { kinds } from "./requests.js";
import { feed, type Target } from "./target.js";

interface Client extends Attempt {
  /** It may be good: it is answered, refused or cut off. Else it is refused or cut off, and does nothing. */
  readonly perhaps: boolean;
}

const certain = fc.oneof(kinds.garbage, kinds.unknown, kinds.huge, kinds.cut);
const client: fc.Arbitrary<Client> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ bytes: certain, perhaps: fc.constant(false), ...delivery }) },
  { weight: 1, arbitrary: fc.record({ bytes: kinds.spoiled, perhaps: fc.constant(true), ...delivery }) },
);

/** Bytes at the control socket, from several clients at once: none does what nobody asked for, and the next one is answered. */
export async function openControl(): Promise<Target> {
  const afterwards = new Afterwards();
  const { port, socketPath } = await startServer(afterwards, {
    peerOf,
    hasLeft,
    rightOf: ({ uid }) => (uid === process.getuid?.() ? "act" : undefined),
    requestTimeoutMs,
  });
  port.conclude(7);
  port.onSubmit = () => setImmediate(() => [...port.pending].forEach((id) => void port.conclude(id)));
  const serve = async (clients: readonly Client[]): Promise<void> => {
    const before = countFds();
    port.commands.splice(0);
    const answers = await Promise.all(clients.map((one) => attempt(socketPath, one)));
    for (const [index, answer] of answers.entries()) {
      const status = statusIn(answer);
      const refused = status === undefined || (status >= 400 && status < 500);
      assert.ok(refused || (clients[index]?.perhaps && (status === 200 || status === 202)), answer);
    }
    if (!clients.some(({ perhaps }) => perhaps)) assert.deepEqual(port.commands, []);
    await until(() => countFds() === before && port.listeners.size === 0);
    const bytes = Buffer.from("GET /v1/version HTTP/1.1\r\n\r\n");
    const served = await attempt(socketPath, { bytes, cuts: [], pauseMs: 0, ending: "waits" });
    assert.equal(statusIn(served), 200);
    await until(() => countFds() === before);
  };
  const known = [badRequests.map((text) => whole(text, false)), oddRequests.map((text) => whole(text, true))];
  const input = fc.array(client, { minLength: 1, maxLength: 24 });
  return {
    feed: (seed) => feed({ input, known, attempt: serve, runs: 12 }, seed),
    [Symbol.asyncDispose]: () => afterwards[Symbol.asyncDispose](),
  };
}

function whole(text: string, perhaps: boolean): Client {
  return { bytes: Buffer.from(text, "latin1"), cuts: [1, 20], pauseMs: 1, ending: "waits", perhaps };
}
