import type { GenerationReport, StatusReport } from "../control/replies.js";
import { formatDuration } from "../lib/duration.js";
import { formatBytes } from "../lib/size.js";
import { colourOf, countOf, formatAge, formatCount } from "./figures.js";
import { Generation, Measured, Table } from "./words.js";

const head = [
  "Worker",
  "Generation",
  "State",
  "Open",
  "Busy",
  "Lag",
  "Memory",
  "Requests",
  "Age",
  "Pid",
  "Crashes",
  "Status",
];

/** All worker processes, the newest generation first. */
export function Workers({ status }: { readonly status: StatusReport }) {
  const generations = [...status.generations].sort((one, other) => other.id - one.id);
  const all = generations.flatMap((generation) =>
    generation.workers.map((worker) => ({ generation, worker })),
  );
  if (all.length === 0) return <p class="empty">No worker runs.</p>;
  const most = Math.max(1, ...all.map(({ worker }) => countOf(worker, "open") ?? 0));
  return (
    <Table caption="Workers" head={head}>
      {all.map(({ generation, worker }) => (
        <tr key={worker.name}>
          <th scope="row">{worker.name}</th>
          <td>
            <Generation id={generation.id} version={generation.version} />
          </td>
          <td>{stateOf(generation, worker.phase)}</td>
          <td class="number">
            <Measured value={countOf(worker, "open")}>
              {(open) => (
                <>
                  <Meter share={open / most} look={colourOf(generation.id)} />
                  {formatCount(open)}
                </>
              )}
            </Measured>
          </td>
          <td class="number">
            <Measured value={countOf(worker, "inFlight")}>{formatCount}</Measured>
          </td>
          <td class="number">
            <Measured value={worker.lagMs}>{formatDuration}</Measured>
          </td>
          <td class="number">
            <Measured value={worker.residentBytes}>{formatBytes}</Measured>
          </td>
          <td class="number">
            <Measured value={countOf(worker, "requests")}>{formatCount}</Measured>
          </td>
          <td class="number">
            <Measured value={worker.ageMs}>{formatAge}</Measured>
          </td>
          <td class="number">{worker.pid ?? "–"}</td>
          <td class={worker.crashes > 0 ? "number bad" : "number"}>{worker.crashes}</td>
          <td class="said">{worker.status ?? ""}</td>
        </tr>
      ))}
    </Table>
  );
}

/** A worker that is well does what its generation does. */
function stateOf({ phase }: GenerationReport, worker: string): string {
  return worker === "ready" ? (phase === "active" ? "serving" : phase) : worker;
}

/** How much of the whole, beside the figure that says it. */
export function Meter({ share, look }: { readonly share: number; readonly look: string }) {
  return (
    <svg class="meter" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="10" />
      <rect class={`bar ${look}`} width={Math.min(100, Math.max(0, 100 * share))} height="10" />
    </svg>
  );
}
