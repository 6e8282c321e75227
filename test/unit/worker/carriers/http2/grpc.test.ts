import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type ServerHttp2Stream } from "node:http2";
import { test } from "node:test";
import { createHttp2Carrier } from "../../../../../src/worker/carriers/http2/http2-carrier.js";
import { DEADLINE_MS, waitUntil } from "../../../../harness/container/wait-until.js";
import { deadline } from "../http/deadline.js";

test("gRPC streams that are left end with a status that clients may retry, and calls that have not begun to answer go on", async (t) => {
  const server = createServer();
  const calls = new Map<unknown, ServerHttp2Stream>();
  server.on("stream", (stream, headers) => {
    calls.set(headers[":path"], stream);
    if (headers[":path"] === "/unary") return;
    stream.respond({ "content-type": "application/grpc+proto" }, { waitForTrailers: true });
    stream.write("a message");
  });
  const carrier = createHttp2Carrier(server);
  server.listen(0, "127.0.0.1");
  await deadline("to listen", once(server, "listening"));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const client = connect(`http://127.0.0.1:${address.port}`);
  t.after(() => {
    client.destroy();
    carrier.cut();
  });
  const [stream, unary] = [client.request({ ":path": "/stream" }), client.request({ ":path": "/unary" })];
  let trailers: unknown;
  stream.on("trailers", (its) => {
    trailers = its["grpc-status"];
  });
  stream.resume();
  await waitUntil("both are open", DEADLINE_MS, () => calls.size === 2);
  assert.equal(carrier.endless, 0);
  carrier.beginDrain();
  const ended = once(stream, "end");
  carrier.endStreams?.(10);
  // The app goes on for a while, as it does not know.
  const writing = setInterval(() => calls.get("/stream")?.write("another message"), 1);
  await deadline("the end", ended);
  clearInterval(writing);
  assert.deepEqual([trailers, stream.rstCode], ["14", 0]);
  const answered = once(unary, "response");
  calls.get("/unary")?.respond({ "grpc-status": "0" }, { endStream: true });
  await deadline("the answer", answered);
  await waitUntil("all is closed", DEADLINE_MS, () => carrier.open === 0);
  assert.equal(carrier.counters.cut, 0);
});
