import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { WebSocket, WebSocketServer } from "ws";
import type { Failure } from "../../../../../src/lib/failure.js";
import type { Carrier } from "../../../../../src/worker/carriers/carrier.js";
import { createWebSocketCarrier } from "../../../../../src/worker/carriers/websocket/websocket-carrier.js";
import type { WebSocketHooks } from "../../../../../src/worker/carriers/websocket/websocket-hooks.js";
import { endedAfterEach, keeping } from "../ended-after-each.js";
import { listen } from "../tcp/rig.js";

export interface Side {
  readonly server: Server;
  readonly wss: WebSocketServer;
  readonly carrier: Carrier;
  readonly reports: Failure[];
  readonly port: number;
  /** How often the server announced a new connection. */
  connections(): number;
}

/** A WebSocket server whose new connections are restored with nothing saved, like adopted ones. */
export async function startSide(
  hooks: WebSocketHooks<WebSocket>,
  options: ConstructorParameters<typeof WebSocketServer>[0] = {},
): Promise<Side> {
  const server = createServer();
  const wss = new WebSocketServer({ server, ...options });
  const reports: Failure[] = [];
  const carrier = createWebSocketCarrier(wss, hooks, (failure) => reports.push(failure));
  let connections = 0;
  wss.on("connection", (ws, request) => {
    connections++;
    hooks.restore(ws, undefined, request);
  });
  return { server, wss, carrier, reports, port: await listen(server), connections: () => connections };
}

/** An open client whose messages, close code and pongs are kept. */
export async function dial(port: number, path = "/", options: WebSocket.ClientOptions = {}) {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, ["chat"], {
    perMessageDeflate: false,
    ...options,
  });
  const messages: string[] = [];
  const seen: { code: number | undefined; pongs: number } = { code: undefined, pongs: 0 };
  ws.on("message", (data) => messages.push(String(data)));
  ws.on("pong", () => seen.pongs++);
  ws.on("close", (code) => {
    seen.code = code;
  });
  ws.on("error", () => {});
  await once(ws, "open");
  return { ws, messages, seen };
}

/** A client's frame: RFC 6455, 5.2. */
export function frame(final: boolean, opcode: number, payload: Buffer, mask: Buffer): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = (final ? 0x80 : 0) | opcode;
  head[1] = 0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  const masked = Buffer.from(payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0)));
  return Buffer.concat([head, mask, masked]);
}

/** The whole frames at the beginning of what a server has sent. */
export function readFrames(bytes: Buffer): { opcode: number; payload: Buffer }[] {
  const frames: { opcode: number; payload: Buffer }[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const opcode = (bytes[at] ?? 0) & 15;
    let length = (bytes[at + 1] ?? 0) & 127;
    let start = at + 2;
    if (length === 126) {
      if (bytes.length < at + 4) break;
      length = bytes.readUInt16BE(start);
      start += 2;
    } else if (length === 127) {
      if (bytes.length < at + 10) break;
      length = Number(bytes.readBigUInt64BE(start));
      start += 8;
    }
    if (start + length > bytes.length) break;
    frames.push({ opcode, payload: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return frames;
}

export async function stop(...sides: readonly Side[]): Promise<void> {
  for (const { server, wss, carrier } of sides) {
    carrier.cut();
    wss.close();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** Servers and clients of the tests of a file, ended after each of them. */
export function partners() {
  const clients = endedAfterEach<WebSocket>((all) => {
    for (const ws of all) ws.terminate();
  });
  const sides = endedAfterEach<Side>((all) => stop(...all));
  const start = keeping(sides, startSide, (side) => side);
  return { sides, clients, start, dial: keeping(clients, dial, ({ ws }) => ws) };
}
