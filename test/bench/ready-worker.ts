import { createServer } from "node:http";
import { monotonicMs } from "../../src/linux/boot.js";
import { sendDatagramWithFds } from "../../src/linux/datagram.js";
import { stamp } from "./stamps.js";

/** A plain worker like examples/demo, but one that says READY=1, as gunicorn does, and notes when it said so. */
const { env } = process;
const server = createServer((_, response) => response.end("ok\n"));
server.listen({ fd: 3 }, () => {
  const atMs = monotonicMs();
  sendDatagramWithFds(env["NOTIFY_SOCKET"] ?? "", Buffer.from("READY=1\nSTATUS=serving"), []);
  stamp({ what: "ready-sent", atMs, generation: Number(env["HOLDFAST_GENERATION"]) });
});
process.on("SIGTERM", () => server.close());
