import { readFileSync } from "node:fs";
import * as v from "valibot";
import { pathInCheckout } from "../harness/container/checkout.js";

const query = v.object({ expr: v.string() });
const dashboard = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    panels: v.array(v.object({ targets: v.array(query) })),
    annotations: v.object({ list: v.array(query) }),
  }),
);

/** What the dashboard asks Prometheus, with Grafana's variables filled in. */
export function dashboardQueries(): readonly string[] {
  const { panels, annotations } = v.parse(
    dashboard,
    readFileSync(pathInCheckout("packaging/monitoring/dashboard.json"), "utf8"),
  );
  const queries = [...panels.flatMap(({ targets }) => targets), ...annotations.list];
  return queries.map(({ expr }) => expr.replaceAll("$__rate_interval", "1m").replaceAll("$service", "web"));
}
