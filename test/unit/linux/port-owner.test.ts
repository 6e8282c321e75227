import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { type TestContext, test } from "node:test";
import { findOwner, findSockets } from "../../../src/linux/port-owner.js";

/** No other test listens there, whatever port the kernel gives this one. */
const apart = "127.84.0.1";

async function listen(t: TestContext, host: string, port = 0): Promise<number> {
  const server: Server = createServer();
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen({ host, port, ipv6Only: true }, resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

test("the sockets at an address are those at exactly that one, though others keep it from being bound", async (t) => {
  const port = await listen(t, "::");
  const four = { kind: "tcp", family: 4, host: apart, port } as const;
  const any = { kind: "tcp", family: 6, host: "::", port } as const;
  assert.deepEqual(findSockets(four), []);
  assert.equal(findOwner(four)?.pid, process.pid);
  await listen(t, apart, port);
  assert.equal(findSockets(four).length, 1);
  assert.equal(findSockets(any).length, 1);
  assert.notEqual(findSockets(four)[0]?.inode, findSockets(any)[0]?.inode);
});
