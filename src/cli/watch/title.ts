import type { StatusReport } from "../../control/replies.js";
import { localTime } from "../../lib/local-time.js";
import { type Look, paragraph } from "../print.js";
import { formatAge, type Moment, type Seen } from "./seen.js";

/** The time and how to leave, who is shown, and what is wrong with it. */
export function titleOf(seen: Seen, now: Moment, look: Look): readonly string[] {
  const { name, report, failure, lostAt } = seen;
  const clock = `${localTime(now.wall).time}  q: quit`;
  const up = report === null || report.upMs === null ? "" : `up ${formatAge(report.upMs)}, `;
  const daemon = report === null ? "" : `${up}daemon ${report.version}, pid ${report.pid}`;
  const loss = failure === null ? null : describeLoss(failure.message, lostAt, now);
  return [
    look.paint("dim", spread(daemon, clock, look.width)),
    ...(report === null ? [] : summaryOf(name, report, look)),
    ...(loss === null ? [] : paragraph(loss, look, { text: "no answer:", style: "red" })),
  ];
}

/** What is wrong may be a part of the summary, and there is no room for both. */
function summaryOf(name: string, { summary, degraded }: StatusReport, look: Look): readonly string[] {
  if (degraded === null) return paragraph(summary, look, { text: `${name}:`, style: "bold" });
  if (summary.includes(degraded))
    return paragraph(summary, look, { text: `${name}, degraded:`, style: "red" });
  return [
    ...paragraph(summary, look, { text: `${name}:`, style: "bold" }),
    ...paragraph(degraded, look, { text: "degraded:", style: "red" }),
  ];
}

/** The one at the left end of a line, the other at the right; alone where there is no room for both. */
export function spread(left: string, right: string, width: number): string {
  const gap = width - left.length - right.length;
  return gap < 2 ? right : `${left}${" ".repeat(gap)}${right}`;
}

function describeLoss(message: string, lostAt: number | null, { monotonic }: Moment): string {
  const since = formatAge(monotonic - (lostAt ?? monotonic));
  return `for ${since}: ${message}; the next daemon is waited for, and what is below was so before`;
}
