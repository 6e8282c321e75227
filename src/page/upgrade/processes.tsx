import type { GenerationReport, StatusReport, WorkerReport } from "../../control/replies.js";
import { colourOf } from "../figures.js";
import { Generation } from "../words.js";

const size = 22;
const gap = 6;
/** More than these are not told apart in a picture. */
const shownAtMost = 24;

/** The processes of the old and the new generation, where nobody counts their connections: who gets ready, who serves, who ends. */
export function Processes({ status }: { readonly status: StatusReport }) {
  return (
    <ul class="processes" aria-label="Processes">
      {status.generations.map((generation) => (
        <li key={generation.id}>
          <Generation id={generation.id} version={generation.version} />
          <Squares generation={generation} />
          <span>{tell(generation)}</span>
        </li>
      ))}
    </ul>
  );
}

function Squares({ generation: { id, phase, workers } }: { readonly generation: GenerationReport }) {
  const shown = workers.slice(0, shownAtMost);
  const width = Math.max(1, shown.length) * (size + gap);
  return (
    <svg viewBox={`0 0 ${width} ${size}`} width={width} height={size} aria-hidden="true">
      {shown.map((worker, index) => (
        <rect
          key={worker.name}
          class={`process ${colourOf(id)} ${lookOf(worker, phase)}`}
          x={index * (size + gap) + 1.5}
          y={1.5}
          width={size - 3}
          height={size - 3}
          rx={4}
        />
      ))}
    </svg>
  );
}

function lookOf({ phase }: WorkerReport, generation: GenerationReport["phase"]): string {
  if (phase === "draining" || phase === "stopping" || generation === "draining") return "leaving";
  return phase === "ready" ? "here" : "coming";
}

function tell({ phase, workers }: GenerationReport): string {
  const ready = workers.filter((worker) => worker.phase === "ready").length;
  if (phase === "draining") return `${workers.length} finishing what they have begun`;
  const what = { active: "serving", held: "serving on", candidate: "ready" }[phase];
  return ready === workers.length ? `${ready} ${what}` : `${ready} of ${workers.length} ${what}`;
}
