import type { NumbersReport, ProofReport, RejectedReport } from "../control/replies.js";
import { formatDuration } from "../lib/duration.js";
import type { WallTime } from "../model/clock.js";
import { describeDeaths, percent } from "./figures.js";
import type { Cell } from "./table.js";

/** A line for each of the two versions that the judges compare; none where nothing is judged. */
export function describeNumbers({ kind, now, before, share }: ProofReport): string[] {
  if (now === null) return [];
  const when = kind === "trial" ? "meanwhile" : `before, in ${formatDuration(before?.servedMs ?? 0)}`;
  return [
    `generation ${now.generation} on ${kind}, in ${formatDuration(now.servedMs)}: ${inWords(now)}`,
    ...(before === null ? [] : [`generation ${before.generation} ${when}: ${inWords(before)}`]),
    ...(share === null ? [] : [`generation ${now.generation} takes ${describeShare(share)}`]),
  ];
}

function describeShare({ wanted, measured }: NonNullable<ProofReport["share"]>): string {
  const found = measured === null ? "no connection yet" : `${percent(measured, 1)} of the new connections`;
  return `${found}; trial.share is ${percent(wanted, 1)}`;
}

function inWords({ responses, failed, deaths }: NumbersReport): string {
  const answered =
    responses === 0 ? "no response counted" : `${responses} responses, ${percent(failed, responses)} failed`;
  return `${answered}, ${describeDeaths(deaths)}`;
}

export const rejectedHead = ["REJECTED", "VERSION", "AGO", "BY", "WHY"] as const;

export function rejectedRow({ generation, version, at, by, failure }: RejectedReport, now: WallTime): Cell[] {
  const [firstLine = ""] = failure.message.split("\n", 1);
  const ago = formatDuration(now - at);
  return [String(generation), version ?? "-", ago, by, firstLine];
}
