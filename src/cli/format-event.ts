import { formatTime, localTime } from "../lib/local-time.js";
import { oneLine } from "../lib/printable.js";
import type { News } from "../model/event.js";
import { foldWords } from "./fold.js";
import type { Look, Style } from "./print.js";

/** Something that happened, and when, in milliseconds since the epoch. */
export interface Happened {
  readonly at: number;
  readonly news: News;
}

const styles = { info: "dim", warning: "yellow", error: "red" } satisfies Record<News["level"], Style>;
/** Of a text beside the columns; where there is less room a terminal breaks it. */
const narrowest = 24;

/**
 * In columns: the time, with its day unless that is `today`, the level, the worker or generation, and what happened, all of whose lines
 * stand in their column. The first one is as wide as `timeWidth` at least, for the lines above.
 */
export function formatEvent(
  { at, news }: Happened,
  { paint, width }: Look,
  today: string,
  timeWidth = 0,
): readonly string[] {
  const { level, worker, generation, message } = news;
  const when = timeOf(at, today).padStart(timeWidth);
  const whose = oneLine(worker ?? String(generation ?? ""));
  const front = `${when}  ${paint(styles[level], level)}${" ".repeat("warning".length - level.length)}  ${whose.padEnd(5)}  `;
  const column = when.length + 2 + "warning".length + 2 + Math.max(5, whose.length) + 2;
  const lines = message
    .split("\n")
    .flatMap((line) => foldWords(oneLine(line).split(" "), Math.max(narrowest, width - column)));
  return lines.map((line, index) => `${index === 0 ? front : " ".repeat(column)}${line}`.trimEnd());
}

export function timeOf(at: number, today: string): string {
  const { day, time } = localTime(at);
  return day === today ? time : formatTime(at);
}
