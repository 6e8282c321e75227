import type { InstanceView } from "../web/feed.js";
import { Fact, Serving } from "./facts.js";
import { formatRate } from "./figures.js";
import { activeOf, sayOutcome, sayState } from "./in-words.js";
import { requestsOf } from "./samples.js";
import type { Seen } from "./seen.js";
import { Sparkline } from "./sparkline.js";
import { Ago, Badge, Measured, pathOf } from "./words.js";

/** All instances of the host at a glance. */
export function Overview({ seen, now }: { readonly seen: Seen; readonly now: number }) {
  const instances = seen.instances ?? [];
  return (
    <>
      <h1>Instances</h1>
      <p class="lead">{summarise(seen.instances)}</p>
      <ul class="instances">
        {instances.map((view) => (
          <Row key={view.name} view={view} seen={seen} now={now} />
        ))}
      </ul>
    </>
  );
}

function summarise(instances: readonly InstanceView[] | null): string {
  if (instances === null) return "Nothing is known yet.";
  if (instances.length === 0) return "No instance runs on this host, and /etc/holdfast has no config of one.";
  const tones = instances.map((view) => sayState(view).tone);
  const count = (tone: string): number => tones.filter((one) => one === tone).length;
  const [bad, busy, idle] = [count("bad"), count("busy"), count("idle")];
  const rest = [
    bad > 0 && `${bad} need${bad === 1 ? "s" : ""} a look`,
    busy > 0 && `${busy} busy`,
    idle > 0 && `${idle} stopped`,
  ].filter(Boolean);
  const total = instances.length === 1 ? "One instance" : `${instances.length} instances`;
  return rest.length === 0 ? `${total}, all well.` : `${total}: ${rest.join(", ")}.`;
}

function Row({
  view,
  seen,
  now,
}: {
  readonly view: InstanceView;
  readonly seen: Seen;
  readonly now: number;
}) {
  const { name, status } = view;
  const state = sayState(view);
  const active = status === null ? undefined : activeOf(status);
  const samples = seen.samples.get(name) ?? [];
  const last = samples.at(-1);
  return (
    <li class={`instance is-${state.tone}`}>
      <div class="who">
        <h2>
          <a href={pathOf(name)}>{name}</a>
        </h2>
        <Badge said={state} />
      </div>
      <dl>
        <Serving active={active} now={now} connections="Connections" />
        <Fact title="Requests/s" look="rate">
          <Measured value={last === undefined ? null : requestsOf(last)}>{formatRate}</Measured>
          <Sparkline samples={samples} now={now} />
        </Fact>
        <Fact title="Last upgrade">{status === null ? "–" : <LastUpgrade status={status} now={now} />}</Fact>
      </dl>
      {state.why !== null && <p class="why">{state.why}</p>}
    </li>
  );
}

function LastUpgrade({
  status,
  now,
}: {
  readonly status: NonNullable<InstanceView["status"]>;
  readonly now: number;
}) {
  const said = sayOutcome(status);
  if (said === null || status.lastUpgrade === null) return <>none yet</>;
  return (
    <>
      <Badge said={said} /> <Ago at={status.lastUpgrade.endedAt} now={now} />
    </>
  );
}
