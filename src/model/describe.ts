import { formatDuration } from "../lib/duration.js";
import type { Monotonic } from "./clock.js";
import type { Generation, Proof } from "./generation-state.js";
import type { EndReason } from "./ledger-entry.js";

const candidateSteps = {
  copying: "its snapshot is made",
  checking: "the check runs",
  waiting: "starts when what served before has ended",
  starting: "waits for its workers to be ready",
  examining: "was not ready in time, and is looked at",
  verifying: "is being verified",
  staged: "stands by until it is committed",
};

/** What a generation does or waits for, for people; null where its phase says it all. */
export function describeStage({ stage }: Generation, now: Monotonic): string | null {
  switch (stage.phase) {
    case "candidate":
      return candidateSteps[stage.step];
    case "active":
      return describeProof(stage.proof, now);
    case "held":
      return `serves on until generation ${stage.by} is kept`;
    case "draining":
      return describeReason(stage.why);
    default:
      return stage satisfies never;
  }
}

function describeProof(proof: Proof, now: Monotonic): string | null {
  switch (proof.kind) {
    case "trial":
      return proof.until === null
        ? "on trial until somebody decides"
        : `on trial, ${formatDuration(proof.until - now)} left`;
    case "probation":
      return `on probation, ${formatDuration(proof.until - now)} left`;
    case "rejected":
      return proof.failure.message;
    case "proved":
      return null;
    default:
      return proof satisfies never;
  }
}

/** Why a generation ends or has ended. */
export function describeReason(why: EndReason): string {
  switch (why.kind) {
    case "superseded":
      return `superseded by generation ${why.by}`;
    case "rejected":
      return `rolled back to generation ${why.by}: ${why.failure.message}`;
    case "failed":
      return `failed: ${why.failure.message}`;
    case "stopped":
      return "told to stop";
    case "rebooted":
      return "the machine was started again";
    default:
      return why satisfies never;
  }
}
