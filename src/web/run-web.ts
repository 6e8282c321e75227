import { randomBytes } from "node:crypto";
import type { Server } from "node:http";
import { readWebConfig, type WebConfig } from "../config/web-config.js";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";
import { openListener, usualBacklog } from "../linux/listener.js";
import { takeListenFds } from "../systemd/listen-fds.js";
import { openNotifier } from "../systemd/notify.js";
import { createAccess } from "./access.js";
import { watchConnections } from "./connections.js";
import { Feeds } from "./feeds.js";
import { chooseListeners, type Listener, listenOn } from "./listen.js";
import type { WebOptions } from "./options.js";
import { loadPage } from "./page.js";
import { createWebServer } from "./server.js";
import { ensureToken, webStateFolder } from "./token.js";
import { Watch } from "./watch.js";

/** So long the instances are watched after the last viewer has gone, who may only be loading the page again. */
const lingerMs = 15_000;
/** So long they are watched after the start, until the first viewer has come. */
const firstLingerMs = 600_000;
/** What is left of connections after that is cut. */
const endMs = 5_000;

export interface RunningWeb {
  /** Where it listens. */
  readonly addresses: readonly string[];
  /** Resolves when it has ended: by SIGTERM, by SIGINT, or because nobody came. */
  readonly ended: Promise<void>;
}

/** Runs holdfast-web in this process, with the page that was built into `pageFolder`. */
export async function runWeb(
  { address, configFile, idleMs }: WebOptions,
  pageFolder: string,
): Promise<Result<RunningWeb, Failure>> {
  const { env, pid } = process;
  const inherited = takeListenFds(env, pid);
  if (!inherited.ok) return inherited;
  const config = readWebConfig(configFile);
  if (!config.ok) return config;
  const page = loadPage(pageFolder);
  if (!page.ok) return page;
  const fds = inherited.value.map(({ fd }) => fd);
  if (fds.length === 0) {
    const opened = openListener(address, { backlog: usualBacklog, mode: 0o660 });
    if (!opened.ok) return opened;
    fds.push(opened.value);
  }
  const listeners = chooseListeners(fds, config.value.actions);
  if (!listeners.ok) return listeners;
  const token = tokenFor(config.value, listeners.value);
  if (!token.ok) return token;

  const surroundings = { env, uid: process.geteuid?.() ?? 0 };
  let linger: NodeJS.Timeout | undefined;
  const feeds = new Feeds({
    boot: randomBytes(6).toString("hex"),
    samplesOf: (name) => watch.samplesOf(name),
    onWatched: (watched) => {
      clearTimeout(linger);
      if (watched) watch.start();
      else linger = setTimeout(() => watch.stop(), lingerMs);
    },
  });
  const watch = new Watch(surroundings, feeds);
  // In an upgrade of its own, whoever loses the old process finds here what has happened since this one was ready, also after a trial.
  watch.start();
  linger = setTimeout(() => watch.stop(), firstLingerMs);
  const access = createAccess({ config: config.value, token: token.value });
  const { hosts } = config.value;
  const parts = { page: page.value, watch, feeds, access, hosts };
  const servers = listeners.value.map(({ way }) => createWebServer(parts, way));
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(linger);
      watch.stop();
      const late = new Promise<void>((stop) => setTimeout(stop, endMs).unref());
      Promise.race([feeds.end(), late]).then(
        () => closeAll(servers, resolve),
        () => closeAll(servers, resolve),
      );
    };
    watchConnections(servers, idleMs, end);
    process.once("SIGTERM", end);
    process.once("SIGINT", end);
  });
  try {
    await Promise.all(servers.map((server, index) => listenOn(server, listeners.value[index]?.fd ?? -1)));
  } catch (error) {
    return fail("usage", messageOf(error));
  }
  await watch.look();
  openNotifier(env)?.send("READY=1");
  return succeed({ addresses: listeners.value.map(({ address: where }) => where), ended });
}

/** Only a listener on which nobody is known to the proxy in front needs one. */
function tokenFor(
  { actions }: WebConfig,
  listeners: readonly Listener[],
): Result<string | undefined, Failure<"token-missing" | "token-unusable">> {
  const needed = actions && listeners.some(({ way }) => way === "tcp");
  return needed ? ensureToken(webStateFolder()) : succeed(undefined);
}

/** Nobody is accepted any more; answers that are under way come to their end. */
function closeAll(servers: readonly Server[], onClosed: () => void): void {
  let left = servers.length;
  const timer = setTimeout(() => {
    for (const server of servers) server.closeAllConnections();
  }, endMs);
  for (const server of servers) {
    server.close(() => {
      left -= 1;
      if (left > 0) return;
      clearTimeout(timer);
      onClosed();
    });
  }
}
