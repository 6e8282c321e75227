/** FileDescriptorName= of what a socket unit passes for metrics, and not for the app. */
export const metricsSocketName = "holdfast.metrics";

/**
 * What a socket unit of a service is called. The first has the service's own name, and so needs no Service=: systemd gives all sockets of
 * a unit one name, so each further listener has a unit of its own.
 */
export function socketUnitFor(service: string, listener: string, isFirst: boolean): string {
  const base = service.replace(/\.service$/, "");
  return isFirst ? `${base}.socket` : `${base.replace("@", "-")}-${listener}.socket`;
}
