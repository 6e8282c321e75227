import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { Server } from "node:net";
import { type TestContext, test } from "node:test";
import { askProbe, type Purpose } from "../../../src/daemon/perform/probe-request.js";
import { type Address, formatAddress } from "../../../src/lib/address.js";
import { connectTo } from "../../../src/linux/connect-to.js";
import { duplicateFd } from "../../../src/linux/fd.js";
import { connectClients, loopback, openQueue } from "../linux/queues.js";

const limit = { timeout: 20_000 };

/** The health of a plain service is asked for at its listener, where whoever accepts answers. */
function ask(
  listener: number,
  protocol: "http/1.1" | "http/2" = "http/1.1",
  timeoutMs = 10_000,
  purpose: Purpose = "verify",
  path = "/healthz",
): Promise<number | string> {
  const connected = connectTo(listener);
  assert.ok(connected.ok, connected.ok ? "" : connected.failure.message);
  return askProbe(connected.value, protocol, path, AbortSignal.timeout(timeoutMs), purpose);
}

async function serve(t: TestContext, listener: number, server: Server): Promise<void> {
  server.listen({ fd: duplicateFd(listener) });
  t.after(() => server.close());
  await once(server, "listening");
}

const health: RequestListener = (request, response) => {
  response.statusCode = request.url === "/healthz" ? 204 : 500;
  response.end();
};

const addresses: readonly Address[] = [
  loopback,
  { kind: "tcp", family: 6, host: "::", port: 0 },
  { kind: "unix", path: `@holdfast-test-health-${process.pid}` },
];

for (const address of addresses) {
  test(`a listener is asked over a connection of its own: ${formatAddress(address)}`, limit, async (t) => {
    const listener = openQueue(t, address);
    const early = ask(listener);
    await serve(t, listener, createServer(health));
    assert.equal(await early, 204);
    assert.equal(await ask(listener), 204);
  });
}

test("a listener is asked in HTTP/2, too", limit, async (t) => {
  const listener = openQueue(t, loopback);
  const server = createHttp2Server();
  server.on("stream", (stream) => {
    stream.respond({ ":status": 503 });
    stream.end();
  });
  await serve(t, listener, server);
  assert.equal(await ask(listener, "http/2"), 503);
});

test("a listener that nobody accepts from, full or not, does not answer in time", limit, async (t) => {
  const listener = openQueue(t, loopback, 2);
  assert.equal(await ask(listener, "http/1.1", 100), "nothing in time");
  connectClients(t, listener, 6);
  assert.equal(await ask(listener, "http/1.1", 100), "nothing in time");
});

for (const protocol of ["http/1.1", "http/2"] as const) {
  test(
    `what is to warm up is asked for to the end of the answer, as what it is, in ${protocol}`,
    limit,
    async (t) => {
      const listener = openQueue(t, loopback);
      const asked: (string | undefined)[] = [];
      let ended = 0;
      const answer = (
        request: {
          readonly headers: { readonly "user-agent"?: string | undefined };
          readonly url?: string | undefined;
        },
        response: { write(text: string): unknown; end(text: string): unknown },
      ) => {
        asked.push(request.headers["user-agent"]);
        response.write("the first part");
        if (request.url === "/endless") return;
        setTimeout(() => {
          ended += 1;
          response.end("the second part");
        }, 20);
      };
      const server = protocol === "http/2" ? createHttp2Server(answer) : createServer(answer);
      await serve(t, listener, server);
      assert.equal(await ask(listener, protocol, 10_000, "warm"), 200);
      assert.equal(ended, 1);
      assert.equal(
        await ask(listener, protocol, 2_000, "warm", "/endless"),
        "status 200 and no end of the answer",
      );
      assert.deepEqual(asked, ["holdfast-warm", "holdfast-warm"]);
    },
  );
}
