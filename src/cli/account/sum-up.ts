import type { AccountReport } from "../../lib/account.js";
import { failedIn, responsesIn } from "../../lib/counters.js";
import { formatDuration } from "../../lib/duration.js";
import { howOften, percent, type Side, sumOf } from "./sides.js";

/** An upgrade in three lines: what became of the connections, the responses of the old and the new, and what the kernel saw. */
export function sumUp(account: AccountReport): readonly string[] {
  return [
    `connections: ${sumConnections(account)}`,
    `responses: ${sumResponses(account)}`,
    `the kernel: ${sumWitness(account)}`,
  ];
}

const plain = "not measured, for plain workers tell nothing";

function sumConnections({ old, new: own }: AccountReport): string {
  const left = old === null ? null : sumOf(old);
  const come = own === null ? null : sumOf(own);
  if (left === null && come === null) return plain;
  const first =
    left === null
      ? describeSilent(old)
      : `${left.moved} moved, ${left.finished} finished, ${left.cut} cut by generation ${old?.generation}`;
  const second =
    come === null
      ? describeSilent(own)
      : `${come.adopted} adopted, ${come.accepted} accepted by generation ${own?.generation}`;
  return [first, second].filter((part) => part !== undefined).join("; ");
}

function sumResponses({ old, new: own }: AccountReport): string {
  const sides = [old, own].filter((side) => side !== null);
  if (sides.every((side) => side.listeners === null)) return plain;
  return sides.map((side) => describeResponses(side) ?? describeSilent(side)).join("; ");
}

function describeResponses(side: Side): string | undefined {
  const counts = sumOf(side);
  if (counts === null) return undefined;
  const responses = responsesIn(counts);
  const failed = responses === 0 ? "" : `, ${percent(failedIn(counts), responses)} failed`;
  return `${responses} by generation ${side.generation}${failed}`;
}

function describeSilent(side: Side | null): string | undefined {
  return side === null ? undefined : `generation ${side.generation} not measured`;
}

function sumWitness({ witness }: AccountReport): string {
  if (witness === null) return "not measured";
  const { overflows, drops, backlogs, stillMs } = witness;
  const [fullest] = [...backlogs].sort((one, other) => other.queued / other.limit - one.queued / one.limit);
  return [
    drops === null
      ? "drops not measured"
      : `${drops === 0 ? "no" : drops} connection${drops > 1 ? "s" : ""} dropped`,
    ...(overflows === null || overflows === 0 ? [] : [`queues overflowed ${howOften(overflows)}`]),
    fullest === undefined
      ? "queues not measured"
      : `at most ${fullest.queued} of ${fullest.limit} waited at ${fullest.listener}`,
    stillMs === null ? "waits not measured" : `nobody accepted for at most ${formatDuration(stillMs)}`,
  ].join(", ");
}
