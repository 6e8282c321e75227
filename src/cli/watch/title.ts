import { localTime } from "../format-time.js";
import { type Look, paragraph } from "../print.js";
import { formatAge, type Moment, type Seen } from "./seen.js";

/** The time and how to leave, who is shown, and what is wrong with it. */
export function titleOf(seen: Seen, now: Moment, look: Look): readonly string[] {
  const { name, report, failure, lostAt } = seen;
  const clock = `${localTime(now.wall).time}  q: quit`;
  const up = report === null || report.upMs === null ? "" : `up ${formatAge(report.upMs)}, `;
  const daemon = report === null ? "" : `${up}daemon ${report.version}, pid ${report.pid}`;
  const gap = Math.max(2, look.width - daemon.length - clock.length);
  return [
    look.paint("dim", `${daemon}${" ".repeat(gap)}${clock}`),
    ...paragraph(report?.summary ?? "", look, { text: `${name}:`, style: "bold" }),
    ...(failure === null ? [] : paragraph(describeLoss(failure.message, lostAt, now), look, away)),
    ...(report === null || report.degraded === null ? [] : paragraph(report.degraded, look, degraded)),
  ];
}

const away = { text: "no answer:", style: "red" } as const;
const degraded = { text: "degraded:", style: "red" } as const;

function describeLoss(message: string, lostAt: number | null, { monotonic }: Moment): string {
  const since = formatAge(monotonic - (lostAt ?? monotonic));
  return `for ${since}: ${message}; the next daemon is waited for, and what is below was so before`;
}
