/*
 * The app of test/apps/python, with the library: lines on the listener `lines`, each answered with how many came on
 * this connection, how many in all, the version and the line; on `http` who answers.
 */
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Socket } from "node:net";
import * as v from "valibot";
import { serve, state } from "../../../src/worker/index.js";

interface Known {
  lines: number;
  rest: Buffer;
}

const version = readFileSync("version", "ascii").trim();
const savedLines = v.object({ lines: v.number() });
const known = new Map<Socket, Known>();
let total = 0;

state({
  name: "total",
  version: 1,
  initial: () => {},
  save: () => total,
  restore: (saved) => {
    total = saved;
  },
});

function converse(socket: Socket, lines: number): void {
  const one: Known = { lines, rest: Buffer.alloc(0) };
  known.set(socket, one);
  socket.on("error", () => {});
  socket.on("close", () => known.delete(socket));
  socket.on("data", (data: Buffer) => {
    one.rest = Buffer.concat([one.rest, data]);
    for (let end = one.rest.indexOf("\n"); end >= 0; end = one.rest.indexOf("\n")) {
      one.lines += 1;
      total += 1;
      socket.write(`${one.lines} ${total} ${version} ${one.rest.subarray(0, end + 1)}`);
      one.rest = one.rest.subarray(end + 1);
    }
  });
}

const lines = createServer((socket) => converse(socket, 0));
await serve(lines, {
  listener: "lines",
  save: (socket) => {
    const one = known.get(socket);
    if (one === undefined) throw new Error("nothing is known of it");
    if (one.rest.length > 0) socket.unshift(one.rest);
    known.delete(socket);
    return { lines: one.lines };
  },
  restore: (socket, saved) => converse(socket, v.parse(savedLines, saved).lines),
});

const http = createHttpServer((_request, response) => {
  response.setHeader("Connection", "close");
  const generation = Number(process.env["HOLDFAST_GENERATION"]);
  response.end(JSON.stringify({ generation, version, pid: process.pid }));
});
await serve(http, { listener: "http" });
