import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { HistoryEntry } from "../control/replies.js";
import { formatInstances } from "../metrics/format-metrics.js";
import type { Access, Way } from "./access.js";
import { act } from "./act.js";
import type { Feeds } from "./feeds.js";
import { isForeign, isOwnHost } from "./hosts.js";
import type { Page } from "./page.js";
import { Rendering } from "./rendering.js";
import { type Refusal, safeHeaders, sendBody, sendJson, sendRefusal } from "./respond.js";
import { findRoute, type Route } from "./routes.js";
import type { Watch } from "./watch.js";

export interface WebServerParts {
  readonly page: Page;
  readonly watch: Watch;
  readonly feeds: Feeds;
  readonly access: Access;
  /** Names of this server, besides localhost and IP addresses. */
  readonly hosts: readonly string[];
}

const headLimitBytes = 16 * 1024;
const bodyLimitBytes = 1024;
const headTimeoutMs = 5_000;
const requestTimeoutMs = 10_000;
/** Of a client that neither reads nor writes. */
const silenceMs = 60_000;
const connectionLimit = 2_000;

/** HTTP for browsers, on one listener. Whatever is sent to it, it holds bounded memory, and asks daemons once for all. */
export function createWebServer(parts: WebServerParts, way: Way): Server {
  const rendering = new Rendering(parts.page);
  const server = createServer({
    maxHeaderSize: headLimitBytes,
    headersTimeout: headTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: headTimeoutMs / 2,
    keepAliveTimeout: headTimeoutMs,
    requireHostHeader: false,
  });
  server.maxConnections = connectionLimit;
  server.setTimeout(silenceMs);
  server.on("request", (request, response) => {
    for (const [name, value] of Object.entries(safeHeaders)) response.setHeader(name, value);
    const route = refuseRequest(request, parts) ?? findRoute(request.method ?? "", request.url ?? "");
    if ("reason" in route) return sendRefusal(response, route);
    answer(parts, rendering, way, route, request, response).catch((error: unknown) => {
      response.destroy();
      throw error;
    });
  });
  return server;
}

async function answer(
  parts: WebServerParts,
  rendering: Rendering,
  way: Way,
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { page, watch, access } = parts;
  switch (route.kind) {
    case "page":
      return sendPage(parts, rendering, route.instance, response);
    case "asset": {
      const asset = page.asset(route.name);
      return asset === undefined ? sendRefusal(response, notFound) : sendBody(response, 200, asset);
    }
    case "feed":
      return openFeed(parts, way, request, response);
    case "metrics": {
      const metrics = formatInstances(await watch.look(), Date.now());
      const { mediaType, text } = metrics(request.headers.accept);
      return sendBody(response, 200, { type: mediaType, bytes: Buffer.from(text) });
    }
    case "history": {
      const reply = await watch.instance(route.instance)?.history();
      if (reply === undefined) return sendRefusal(response, notRunning(route.instance));
      if (reply.ok) return sendJson(response, 200, reply.value);
      return sendRefusal(response, { status: 502, ...reply.failure });
    }
    case "act": {
      const actor = await access.judge(way, request.headers, route.instance);
      if ("reason" in actor) return sendRefusal(response, actor);
      const client = watch.instance(route.instance)?.client;
      if (client === undefined) return sendRefusal(response, notRunning(route.instance));
      const refusal = await act(client, route, actor);
      return refusal === undefined
        ? sendJson(response, 202, { accepted: true })
        : sendRefusal(response, refusal);
    }
    case "refused":
      return route.allow === undefined
        ? sendRefusal(response, notFound)
        : sendRefusal(
            response,
            { status: 405, reason: "method-not-allowed", message: `this path takes ${route.allow} only` },
            { Allow: route.allow },
          );
    default:
      route satisfies never;
  }
}

async function sendPage(
  { watch }: WebServerParts,
  rendering: Rendering,
  name: string | null,
  response: ServerResponse,
): Promise<void> {
  const instances = await watch.look();
  if (name !== null && !instances.some((one) => one.name === name)) {
    return sendRefusal(response, notRunning(name));
  }
  const history = name === null ? undefined : await watch.instance(name)?.history();
  const bytes = rendering.render(name, instances, history?.ok ? history.value : noHistory);
  sendBody(response, 200, { type: "text/html; charset=utf-8", bytes });
}

const noHistory: readonly HistoryEntry[] = [];

async function openFeed(
  { watch, feeds, access }: WebServerParts,
  way: Way,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (feeds.full) {
    return sendRefusal(response, { status: 503, reason: "busy", message: "too many look on already" });
  }
  const instances = await watch.look();
  if (response.destroyed) return;
  if (request.method === "HEAD") {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.end();
    return;
  }
  const lastId = request.headers["last-event-id"];
  const names = instances.map(({ name }) => name);
  feeds.open(
    response,
    access.hello(way, request.headers),
    typeof lastId === "string" ? lastId : undefined,
    names,
  );
}

/** Why it is answered at no path. */
function refuseRequest({ headers, method }: IncomingMessage, { hosts }: WebServerParts): Refusal | undefined {
  if (!isOwnHost(headers.host, hosts)) {
    const message = `${headers.host ?? "no name"} is no name of this page; where it is, name it in \`hosts\` of /etc/holdfast-web.toml`;
    return { status: 421, reason: "foreign-host", message };
  }
  // Only what a browser shows as a page of its own may another site lead to.
  const reads = headers["sec-fetch-mode"] === "navigate" && method !== "POST";
  if (!reads && isForeign(headers)) {
    return { status: 403, reason: "foreign-origin", message: "another site's page asks for this" };
  }
  // A small body, as curl may send with `-d ""`, is let pass unread.
  const small = Number(headers["content-length"] ?? 0) <= bodyLimitBytes;
  if (small && headers["transfer-encoding"] === undefined) return undefined;
  return { status: 413, reason: "body-too-large", message: "a request has no body here" };
}

const notFound: Refusal = { status: 404, reason: "not-found", message: "there is no such page" };

function notRunning(name: string): Refusal {
  return { status: 404, reason: "not-running", message: `no instance ${name} runs, or has a config here` };
}
