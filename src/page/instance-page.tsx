import type { ComponentChildren } from "preact";
import type { InstanceView } from "../web/feed.js";
import { BandsPicture } from "./bands/bands-picture.js";
import { Events } from "./events.js";
import { formatAge, formatCount, openOf } from "./figures.js";
import { History } from "./history.js";
import { activeOf, sayState } from "./in-words.js";
import { Listeners } from "./listeners.js";
import { hourMs, type Seen } from "./seen.js";
import { accountsOf, UpgradePanel, versionsOf } from "./upgrade/upgrade-panel.js";
import { Badge, Generation, Measured } from "./words.js";
import { Workers } from "./workers.js";

export interface InstancePageProps {
  readonly name: string;
  readonly seen: Seen;
  readonly now: number;
  readonly charts: ComponentChildren;
  readonly actions: ComponentChildren;
}

/** All of one instance. */
export function InstancePage({ name, seen, now, charts, actions }: InstancePageProps) {
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
      {view.status !== null && <p class="lead">{view.status.summary}</p>}
      {state.why !== null && <p class="why">{state.why}</p>}
      {view.status !== null && (
        <Whole view={view} status={view.status} seen={seen} now={now} charts={charts} />
      )}
    </>
  );
}

function Whole({
  view,
  status,
  seen,
  now,
  charts,
}: {
  readonly view: InstanceView;
  readonly status: NonNullable<InstanceView["status"]>;
  readonly seen: Seen;
  readonly now: number;
  readonly charts: ComponentChildren;
}) {
  const samples = seen.samples.get(view.name) ?? [];
  const history = seen.histories.get(view.name) ?? [];
  return (
    <>
      <Facts view={view} status={status} now={now} />
      <div class="columns">
        <div>
          <Section title="Upgrade">
            <UpgradePanel status={status} history={history} samples={samples} now={now} />
          </Section>
          {samples.length > 1 && (
            <Section title="The last hour">
              <BandsPicture
                title="Open connections by generation"
                samples={samples}
                from={Math.max(now - hourMs, samples[0]?.at ?? 0)}
                to={now}
                versions={versionsOf(status, history)}
                accounts={accountsOf(status, history)}
              />
              {charts}
            </Section>
          )}
        </div>
        <div>
          <Section title="Events">
            <Events news={seen.news.get(view.name) ?? []} />
          </Section>
          <Section title="History">
            <History history={history} now={now} />
          </Section>
        </div>
        <Section title="Workers" full>
          <Workers status={status} />
        </Section>
        <Section title="Listeners" full>
          <Listeners status={status} />
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
  const active = activeOf(status);
  return (
    <dl class="facts">
      <div>
        <dt>Serves</dt>
        <dd>{active === undefined ? "nothing" : <Generation id={active.id} version={active.version} />}</dd>
      </div>
      <div>
        <dt>Since</dt>
        <dd>
          <Measured value={active?.createdAt ?? null}>{(at) => formatAge(now - at)}</Measured>
        </dd>
      </div>
      <div>
        <dt>Connections open</dt>
        <dd>
          <Measured value={active === undefined ? null : openOf(active)}>{formatCount}</Measured>
        </dd>
      </div>
      <div>
        <dt>Service up</dt>
        <dd>
          <Measured value={status.upMs}>{formatAge}</Measured>
        </dd>
      </div>
      <div>
        <dt>Daemon</dt>
        <dd>
          {status.version}, pid {status.pid}
        </dd>
      </div>
      {view.unit !== null && (
        <div>
          <dt>Unit</dt>
          <dd>{view.unit}</dd>
        </div>
      )}
    </dl>
  );
}
