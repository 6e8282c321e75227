import type { ListenerReport, StatusReport } from "../control/replies.js";
import { formatDuration } from "../lib/duration.js";
import { formatCount } from "./figures.js";
import { Generation, Measured, Table } from "./words.js";
import { Meter } from "./workers.js";

/** What it listens on, and who waits there. */
export function Listeners({ status: { listeners } }: { readonly status: StatusReport }) {
  if (listeners.length === 0) return <p class="empty">It listens nowhere.</p>;
  return (
    <Table caption="Listeners" head={["Listener", "Address", "Backlog", "Generations", "Opened by"]}>
      {listeners.map((listener) => (
        <tr key={listener.name}>
          <th scope="row">{listener.name}</th>
          <td class="address">{listener.address}</td>
          <td>
            <Backlog listener={listener} />
          </td>
          <td>
            {listener.generations.map((id) => (
              <Generation key={id} id={id} />
            ))}
          </td>
          <td>{origins[listener.origin]}</td>
        </tr>
      ))}
    </Table>
  );
}

const origins: Readonly<Record<ListenerReport["origin"], string>> = {
  unit: "socket unit",
  bound: "daemon",
  stored: "fd store",
  app: "the app",
  own: "daemon, per generation",
};

function Backlog({ listener: { backlog, stalledMs, down } }: { readonly listener: ListenerReport }) {
  if (down !== null) return <span class="bad">down: {down}</span>;
  return (
    <>
      <Measured value={backlog}>
        {({ queued, limit }) => (
          <>
            <Meter share={queued / limit} look="queue" />
            {formatCount(queued)} of {formatCount(limit)}
          </>
        )}
      </Measured>
      {stalledMs !== null && <span class="bad"> nobody accepts for {formatDuration(stalledMs)}</span>}
    </>
  );
}
