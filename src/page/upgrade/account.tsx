import type { AccountReport } from "../../lib/account.js";
import type { CounterName } from "../../lib/counters.js";
import { formatDuration } from "../../lib/duration.js";
import { Fact } from "../facts.js";
import { formatCount } from "../figures.js";
import { Measured, Table } from "../words.js";
import { sumOf } from "./flow.js";

type Side = NonNullable<AccountReport["old"]>;

const rows: readonly (readonly [title: string, CounterName])[] = [
  ["Connections accepted", "accepted"],
  ["moved to another process", "moved"],
  ["taken over", "adopted"],
  ["ended by themselves", "finished"],
  ["cut", "cut"],
  ["Requests", "requests"],
  ["Responses below 400", "ok"],
  ["4xx", "clientErrors"],
  ["5xx", "serverErrors"],
  ["aborted", "aborted"],
  ["slow", "slow"],
];

/** The figures of an upgrade: the old generation against the new one, and what the kernel has seen meanwhile. */
export function AccountFigures({ account }: { readonly account: AccountReport }) {
  const { old, new: next } = account;
  const names = [
    ...new Set([old, next].flatMap((side) => side?.listeners?.map(({ listener }) => listener) ?? [])),
  ];
  return (
    <div class="account">
      {(old !== null || next !== null) && (
        <Compared caption="Old against new, in the time of the upgrade" old={old} next={next} />
      )}
      {names.length > 1 &&
        names.map((name) => (
          <Compared
            key={name}
            caption={`Listener ${name}`}
            old={only(old, name)}
            next={only(next, name)}
            shown
          />
        ))}
      <Witness witness={account.witness} />
    </div>
  );
}

function only(side: Side | null, name: string): Side | null {
  if (side === null || side.listeners === null) return side;
  return { ...side, listeners: side.listeners.filter(({ listener }) => listener === name) };
}

function Compared({
  caption,
  old,
  next,
  shown = false,
}: {
  readonly caption: string;
  readonly old: Side | null;
  readonly next: Side | null;
  readonly shown?: boolean;
}) {
  const title = (side: Side | null, word: string): string =>
    side === null ? word : `${word}: generation ${side.generation}`;
  return (
    <>
      {shown && <h4>{caption}</h4>}
      <Table caption={caption} head={["", title(old, "Old"), title(next, "New")]}>
        {rows.map(([name, counter]) => (
          <tr key={counter}>
            <th scope="row">{name}</th>
            <Figure value={old && sumOf(old, counter)} bad={isBad(counter)} />
            <Figure value={next && sumOf(next, counter)} bad={isBad(counter)} />
          </tr>
        ))}
        {!shown && (
          <tr>
            <th scope="row">Workers that died</th>
            <Figure value={old?.deaths ?? null} bad />
            <Figure value={next?.deaths ?? null} bad />
          </tr>
        )}
      </Table>
    </>
  );
}

function isBad(counter: CounterName): boolean {
  return counter === "cut" || counter === "serverErrors" || counter === "aborted";
}

function Figure({ value, bad }: { readonly value: number | null; readonly bad: boolean }) {
  return (
    <td class={bad && (value ?? 0) > 0 ? "number bad" : "number"}>
      <Measured value={value}>{formatCount}</Measured>
    </td>
  );
}

function Witness({ witness }: { readonly witness: AccountReport["witness"] }) {
  if (witness === null) return <p class="witness">The kernel was not asked.</p>;
  const { overflows, drops, backlogs, stillMs } = witness;
  return (
    <dl class="witness">
      <Fact title="Longest wait with nobody accepting">
        <Measured value={stillMs}>{formatDuration}</Measured>
      </Fact>
      <Fact title="Overflows and drops of listen queues, on this machine">
        <Measured value={overflows}>{formatCount}</Measured>, <Measured value={drops}>{formatCount}</Measured>
      </Fact>
      {backlogs.map(({ listener, queued, limit }) => (
        <Fact key={listener} title={`Longest queue of ${listener}`}>
          {formatCount(queued)} of {formatCount(limit)}
        </Fact>
      ))}
    </dl>
  );
}
