import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";

/**
 * Whether a request means this server by a name that is its own. Another name may be one that its owner has led here, to have a browser
 * read what only its user may (DNS rebinding). An IP address is nobody's to lead elsewhere.
 */
export function isOwnHost(host: string | undefined, hosts: readonly string[]): boolean {
  const name = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(host ?? "");
  const [, literal, plain = ""] = name ?? [];
  if (literal !== undefined) return isIP(literal) === 6;
  const lower = plain.toLowerCase();
  return isIP(lower) === 4 || lower === "localhost" || hosts.includes(lower);
}

/** Whether a browser says that another site's page has made the request. */
export function isForeign({ origin, host, "sec-fetch-site": site }: IncomingHttpHeaders): boolean {
  if (site !== undefined && site !== "same-origin" && site !== "none") return true;
  if (origin === undefined) return false;
  return host === undefined || !/^https?:$/.test(schemeOf(origin)) || hostOf(origin) !== host.toLowerCase();
}

function schemeOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).protocol : "";
}

/** As the browser writes it in `Host`: without the port that is usual. */
function hostOf(origin: string): string {
  return new URL(origin).host;
}
