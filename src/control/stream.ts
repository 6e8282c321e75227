import type { ServerResponse } from "node:http";
import type { News } from "../model/event.js";
import type { ControlPort } from "./port.js";
import { openStream, sendLine } from "./respond.js";
import { progressPath } from "./routes.js";
import type { Wait } from "./upgrade-wish.js";

/**
 * Streams an upgrade: a line for each piece of news about it or its generation, then its outcome, which with `wait` proved says
 * what became of the generation. `early` is news from before the id was known. Relies on the port to know an outcome by the time it
 * tells the news of it. Where the outcome is forgotten meanwhile the stream just ends.
 */
export function streamUpgrade(
  port: ControlPort,
  upgrade: number,
  response: ServerResponse,
  wait: Wait,
  early: readonly News[] = [],
): void {
  let generation = generationOf(port, upgrade);

  const tell = (news: News): void => {
    if (news.upgrade === upgrade) generation = news.generation ?? generation;
    const belongs = news.upgrade === upgrade || (generation !== null && news.generation === generation);
    if (belongs) sendLine(response, { news });
  };
  const endWhenOver = (): boolean => {
    const progress = port.progressOf(upgrade);
    if (progress.phase === "pending") return false;
    if (progress.phase === "ended") {
      const { generation: made, failure, verdict } = progress.outcome;
      if (wait === "proved" && made !== null && failure === null && verdict === null) return false;
      if (!response.writableEnded) sendLine(response, { outcome: progress.outcome });
    }
    response.end();
    return true;
  };

  openStream(response, { Location: progressPath(upgrade) });
  for (const news of early) tell(news);
  if (endWhenOver()) return;
  const unsubscribe = port.subscribe((news) => {
    tell(news);
    // The news of its end comes last, when all that belongs to it has been done; other news of the same turn may come before.
    // What becomes of its generation later may be told as news of another one.
    if ((news.upgrade === upgrade || wait === "proved") && endWhenOver()) unsubscribe();
  });
  response.once("close", unsubscribe);
}

function generationOf(port: ControlPort, upgrade: number): number | null {
  const progress = port.progressOf(upgrade);
  if (progress.phase === "ended") return progress.outcome.generation;
  const running = port.report().upgrade;
  return running?.id === upgrade ? running.generation : null;
}

/** Streams all news until the client goes. */
export function streamEvents(port: ControlPort, response: ServerResponse): void {
  openStream(response);
  response.once(
    "close",
    port.subscribe((news) => sendLine(response, news)),
  );
}
