import { localTime } from "../../lib/local-time.js";
import { formatEvent, type Happened } from "../format-event.js";
import type { Look } from "../print.js";
import type { Moment } from "./seen.js";

/** What has happened, newest last, as far as it may find room in so many rows. */
export function eventLines(
  heard: readonly Happened[],
  now: Moment,
  look: Look,
  rows: number,
): readonly string[] {
  const today = localTime(now.wall).day;
  return heard.slice(-rows).flatMap((one) => formatEvent(one, look, today));
}
