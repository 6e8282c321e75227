import { Server, Socket } from "node:net";
import { PassThrough } from "node:stream";
import type { WebSocket, WebSocketServer } from "ws";
import { messageOf } from "../../../lib/failure.js";
import { beforePayload, isReceiver, type Receiver, rebuildFrames } from "./ws-receiver.js";

/** The parts of an open WebSocket of the `ws` package that it does not document. */
export interface Inside {
  readonly socket: Socket;
  readonly receiver: Receiver;
  /** Whether something waits in the sender itself, like a Blob that is being read. */
  readonly sending: boolean;
}

interface Settable {
  setSocket(socket: object, head: Buffer, options: object): void;
}

/** Undefined for a WebSocket that is not open, or not on a `net.Socket`. */
export function insideOf(ws: WebSocket): Inside | undefined {
  const socket: unknown = Reflect.get(ws, "_socket");
  const receiver: unknown = Reflect.get(ws, "_receiver");
  const sending = isSending(Reflect.get(ws, "_sender"));
  if (!(socket instanceof Socket) || !isReceiver(receiver) || sending === undefined) return undefined;
  return { socket, receiver, sending };
}

/** A WebSocket as `wss` makes them, open on a connection whose handshake is long past. */
export function openOn(wss: WebSocketServer, socket: Socket, head: Buffer, protocol: string): WebSocket {
  const Class = wss.options.WebSocket;
  if (Class === undefined) throw new Error("the WebSocketServer has no WebSocket class");
  const ws = Reflect.construct(Class, [null, undefined, wss.options]);
  if (!(ws instanceof Class) || !isSettable(ws)) throw new Error("a WebSocket has no setSocket");
  Object.assign(ws, { _protocol: protocol });
  ws.setSocket(socket, head, wss.options);
  return ws;
}

/** Undefined with `noServer`, where only the app knows which server a request came from. */
export function httpServerOf(wss: WebSocketServer): Server | undefined {
  const server: unknown = Reflect.get(wss, "_server");
  return server instanceof Server ? server : undefined;
}

/** Makes the object dead for the app, like after 'close', without that event. */
export function markClosed(ws: WebSocket): void {
  Object.assign(ws, { _readyState: ws.CLOSED });
}

/** Forgets a WebSocket, and lets a server that was told to close and waited for it go on. */
export function forgetClient(wss: WebSocketServer, ws: WebSocket): void {
  wss.clients.delete(ws);
  if (wss.clients.size > 0 || Reflect.get(wss, "_shouldEmitClose") !== true) return;
  process.nextTick(() => {
    Object.assign(wss, { _state: 2, _shouldEmitClose: false });
    wss.emit("close");
  });
}

/**
 * Why WebSockets of this server or its version of the `ws` package cannot move, for people; undefined when a
 * half-read message taken out of one WebSocket and put into another came out whole. Touches no network.
 */
export function checkWebSocketInternals(wss: WebSocketServer): string | undefined {
  if (!(wss.clients instanceof Set)) return "clientTracking is off";
  try {
    return rehearse(findBaseClass(wss.options?.WebSocket))
      ? undefined
      : "this version of ws reads messages in a way that is not known";
  } catch (error) {
    return `this version of ws is not known: ${messageOf(error)}`;
  }
}

/** The package's own class, not the app's derived one, whose constructor may do anything. */
function findBaseClass(derived: unknown): unknown {
  for (let Class = derived; typeof Class === "function"; Class = Object.getPrototypeOf(Class)) {
    if (Object.hasOwn(Class.prototype ?? {}, "setSocket")) return Class;
  }
  throw new Error("there is no class with setSocket");
}

function rehearse(Class: unknown): boolean {
  if (typeof Class !== "function") return false;
  // The message "hello" in two frames with an empty ping between them, under masks of zero, cut after "hel" + "l".
  const frames = Buffer.from("\x01\x83\0\0\0\0hel\x89\x80\0\0\0\0\x80\x82\0\0\0\0lo", "latin1");
  const [first, second] = [rehearsal(Class), rehearsal(Class)];
  first.receiver.write(frames.subarray(0, -1));
  if (first.receiver._state !== beforePayload) return false;
  second.receiver.write(Buffer.concat([rebuildFrames(first.receiver), frames.subarray(-1)]));
  return first.messages.length === 0 && second.messages.join() === "hello";
}

function rehearsal(Class: object): { receiver: Receiver; messages: string[] } {
  if (typeof Class !== "function") throw new Error("it is no class");
  const ws = Reflect.construct(Class, [null, undefined, {}]);
  if (!isSettable(ws)) throw new Error("a WebSocket has no setSocket");
  ws.setSocket(new PassThrough(), Buffer.alloc(0), { allowSynchronousEvents: true });
  const receiver: unknown = Reflect.get(ws, "_receiver");
  if (!isReceiver(receiver)) throw new Error("the receiver looks different");
  if (isSending(Reflect.get(ws, "_sender")) !== false) throw new Error("the sender looks different");
  if (Reflect.get(ws, "_readyState") !== 1) throw new Error("the state looks different");
  const messages: string[] = [];
  receiver.on("message", (data: unknown) => messages.push(String(data)));
  return { receiver, messages };
}

function isSending(sender: unknown): boolean | undefined {
  if (typeof sender !== "object" || sender === null) return undefined;
  const queue: unknown = Reflect.get(sender, "_queue");
  const state: unknown = Reflect.get(sender, "_state");
  if (!Array.isArray(queue) || typeof state !== "number") return undefined;
  return queue.length > 0 || state !== 0;
}

function isSettable(value: object): value is Settable {
  return typeof Reflect.get(value, "setSocket") === "function";
}
