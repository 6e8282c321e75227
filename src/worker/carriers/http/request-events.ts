import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ServerResponse } from "node:http";
import type { Server } from "node:net";

/** What Node publishes, see "Built-in Channels" of diagnostics_channel; neither is lost when an app replaces listeners. */
interface Published {
  readonly response: ServerResponse;
  readonly server: unknown;
}

/** Calls back for each request of the server, before the app sees it; returns what ends that. */
export function onRequestStart(server: Server, callback: (response: ServerResponse) => void): () => void {
  return listen(requestStart, server, callback);
}

/** The same, of whatever server in this process. */
export function onAnyRequestStart(callback: (response: ServerResponse) => void): () => void {
  return listen(requestStart, undefined, callback);
}

/** Calls back when all of a response is in the kernel, still inside Node's own work on it; returns what ends that. */
export function onResponseFinish(server: Server, callback: (response: ServerResponse) => void): () => void {
  return listen("http.server.response.finish", server, callback);
}

const requestStart = "http.server.request.start";

function listen(
  channel: string,
  server: Server | undefined,
  callback: (response: ServerResponse) => void,
): () => void {
  const receive = (message: unknown): void => {
    if (!isPublished(message)) return;
    if (server === undefined || message.server === server) callback(message.response);
  };
  subscribe(channel, receive);
  return () => unsubscribe(channel, receive);
}

function isPublished(message: unknown): message is Published {
  return typeof message === "object" && message !== null && "server" in message && "response" in message;
}
