/**
 * hold-connections.js ADDRESS COUNT [FROM]: keeps connections that have had one request each. Tells how many are still open, and what
 * memory the worker has that answers. FROM is the clients' own address, which has some 28,000 ports for them. At `speak` each has a request
 * before that. At `time` some have one after the other, and then again: it tells how long the middle one waited.
 */
import { get } from "node:http";
import { createConnection, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { median } from "./figures.js";

const AT_A_TIME = 100;
const TIMED = 1_000;

const [host = "", port = ""] = (process.argv[2] ?? "").split(":");
const count = Number(process.argv[3]);
const localAddress = process.argv[4] ?? "127.0.0.1";
const held = new Set<Socket>();

function request(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error("a connection was closed"));
    socket.once("close", onClose);
    socket.once("data", () => {
      socket.off("close", onClose);
      resolve();
    });
    socket.write("GET / HTTP/1.1\r\nHost: bench\r\n\r\n");
  });
}

async function hold(): Promise<void> {
  const socket = createConnection({ host, port: Number(port), localAddress });
  socket.on("close", () => held.delete(socket));
  socket.on("error", () => {});
  await request(socket);
  held.add(socket);
}

/** Of as many as `AT_A_TIME` at a time. */
async function forEach<T>(of: Iterable<T>, work: (one: T) => Promise<unknown>): Promise<void> {
  const left = of[Symbol.iterator]();
  const some = async () => {
    for (let next = left.next(); next.done !== true; next = left.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, some));
}

async function timeRequests(sockets: readonly Socket[]): Promise<number> {
  const times: number[] = [];
  for (const socket of sockets) {
    const began = performance.now();
    await request(socket);
    times.push(performance.now() - began);
  }
  return median(times);
}

function tell(more: object = {}): void {
  get({ host, port, path: "/memory", agent: false }, async (response) => {
    const residentBytes = Number(await text(response));
    console.log(JSON.stringify({ open: held.size, residentBytes, ...more }));
  });
}

async function obey(word: string): Promise<void> {
  if (word === "speak") await forEach(held, request);
  if (word !== "time") {
    tell();
    return;
  }
  const sockets = [...held].slice(-TIMED);
  tell({ firstMs: await timeRequests(sockets), againMs: await timeRequests(sockets) });
}

await forEach(Array.from({ length: count }), hold);
tell();
for await (const line of createInterface({ input: process.stdin })) await obey(line);
process.exit();
