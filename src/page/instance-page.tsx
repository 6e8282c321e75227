import type { ComponentChildren } from "preact";
import type { InstanceView } from "../web/feed.js";
import { BandsPicture } from "./bands/bands-picture.js";
import { Events } from "./events.js";
import { Fact, Serving } from "./facts.js";
import { formatAge } from "./figures.js";
import { History } from "./history.js";
import { activeOf, sayState } from "./in-words.js";
import { Listeners } from "./listeners.js";
import { hourMs, type Seen } from "./seen.js";
import { accountsOf, UpgradePanel, versionsOf } from "./upgrade/upgrade-panel.js";
import { Badge, Measured } from "./words.js";
import { Workers } from "./workers.js";

export interface InstancePageProps {
  readonly name: string;
  readonly seen: Seen;
  readonly now: number;
  readonly told: boolean;
  readonly charts: ComponentChildren;
  readonly actions: ComponentChildren;
}

/** All of one instance. */
export function InstancePage({ name, seen, now, told, charts, actions }: InstancePageProps) {
  const view = seen.instances?.find((one) => one.name === name);
  if (view === undefined) {
    const why = seen.instances === null ? "Nothing is known yet." : "This host has no instance of that name.";
    return (
      <>
        <h1>{name}</h1>
        <p class="lead">{why}</p>
      </>
    );
  }
  const state = sayState(view);
  return (
    <>
      <div class="head">
        <h1>{name}</h1>
        <Badge said={state} />
        {actions}
      </div>
      <p class="lead">{view.status === null ? view.failure : summarise(view.status)}</p>
      {view.status?.degraded != null && <p class="why">{view.status.degraded}</p>}
      {view.status?.reexecFailed != null && (
        <p class="why">The daemon was not replaced: {view.status.reexecFailed.message}</p>
      )}
      {view.status !== null && (
        <Whole view={view} status={view.status} seen={seen} now={now} told={told} charts={charts} />
      )}
    </>
  );
}

/** What is wrong is told below, by itself. */
function summarise({ summary, degraded }: NonNullable<InstanceView["status"]>): string {
  return degraded === null ? summary : (summary.split(";", 1)[0] ?? "");
}

function Whole({
  view,
  status,
  seen,
  now,
  told,
  charts,
}: {
  readonly view: InstanceView;
  readonly status: NonNullable<InstanceView["status"]>;
  readonly seen: Seen;
  readonly now: number;
  readonly told: boolean;
  readonly charts: ComponentChildren;
}) {
  const samples = seen.samples.get(view.name) ?? [];
  const history = seen.histories.get(view.name) ?? [];
  return (
    <>
      <Facts view={view} status={status} now={now} />
      <div class="columns">
        <Section title="Upgrade">
          <UpgradePanel status={status} history={history} samples={samples} now={now} />
        </Section>
        <Section title="Events">
          <Events news={seen.news.get(view.name) ?? []} told={told} />
        </Section>
        {samples.length > 1 && (
          <Section title="The last hour" full>
            <BandsPicture
              title="Generations"
              samples={samples}
              from={Math.max(now - hourMs, samples[0]?.at ?? 0)}
              to={now}
              versions={versionsOf(status, history)}
              accounts={accountsOf(status, history)}
            />
            {charts}
          </Section>
        )}
        <Section title="Workers" full>
          <Workers status={status} />
        </Section>
        <Section title="Listeners" full>
          <Listeners status={status} />
        </Section>
        <Section title="History" full>
          <History history={history} now={now} />
        </Section>
      </div>
    </>
  );
}

function Section({
  title,
  full = false,
  children,
}: {
  readonly title: string;
  /** As wide as the page. */
  readonly full?: boolean;
  readonly children: ComponentChildren;
}) {
  const id = title.toLowerCase().replaceAll(" ", "-");
  return (
    <section class={full ? "full" : undefined} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

function Facts({
  view,
  status,
  now,
}: {
  readonly view: InstanceView;
  readonly status: NonNullable<InstanceView["status"]>;
  readonly now: number;
}) {
  return (
    <dl class="facts">
      <Serving active={activeOf(status)} now={now} connections="Connections open" />
      <Fact title="Service up">
        <Measured value={status.upMs}>{formatAge}</Measured>
      </Fact>
      <Fact title="Daemon">
        {status.version}, pid {status.pid}
      </Fact>
      {view.unit !== null && <Fact title="Unit">{view.unit}</Fact>}
    </dl>
  );
}
