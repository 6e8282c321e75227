import type { ComponentChildren } from "preact";
import type { GenerationReport } from "../control/replies.js";
import { formatAge, formatCount, openOf } from "./figures.js";
import { Generation, Measured } from "./words.js";

/** A row of a list of facts. */
export function Fact({
  title,
  look,
  children,
}: {
  readonly title: string;
  readonly look?: string;
  readonly children: ComponentChildren;
}) {
  return (
    <div class={look}>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Who serves, since when, and how many. */
export function Serving({
  active,
  now,
  connections,
}: {
  readonly active: GenerationReport | undefined;
  readonly now: number;
  /** What their number is called. */
  readonly connections: string;
}) {
  return (
    <>
      <Fact title="Serves">
        {active === undefined ? "nothing" : <Generation id={active.id} version={active.version} />}
      </Fact>
      <Fact title="Since">
        <Measured value={active?.createdAt ?? null}>{(at) => formatAge(now - at)}</Measured>
      </Fact>
      <Fact title={connections}>
        <Measured value={active === undefined ? null : openOf(active)}>{formatCount}</Measured>
      </Fact>
    </>
  );
}
