/**
 * hold-connections.js ADDRESS COUNT [FROM]: keeps connections that have had one request each. Tells how many are still open, and what
 * memory the worker has that answers. FROM is the clients' own address, which has some 28,000 ports for them.
 */
import { get } from "node:http";
import { createConnection, type Socket } from "node:net";
import { text } from "node:stream/consumers";

const AT_A_TIME = 100;

const [host = "", port = ""] = (process.argv[2] ?? "").split(":");
const count = Number(process.argv[3]);
const localAddress = process.argv[4] ?? "127.0.0.1";
const held = new Set<Socket>();

function hold(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port: Number(port), localAddress });
    socket.write("GET / HTTP/1.1\r\nHost: bench\r\n\r\n");
    socket.once("data", () => {
      held.add(socket);
      resolve();
    });
    socket.once("error", reject);
    socket.on("close", () => held.delete(socket));
  });
}

async function holdMore(): Promise<void> {
  while (begun < count) {
    begun += 1;
    await hold();
  }
}

let begun = 0;
await Promise.all(Array.from({ length: AT_A_TIME }, holdMore));
const tell = () => {
  get({ host, port, path: "/memory", agent: false }, async (response) => {
    console.log(JSON.stringify({ open: held.size, residentBytes: Number(await text(response)) }));
  });
};
tell();
process.stdin.on("data", tell).on("end", () => process.exit());
