import { DRAIN_SECONDS, STAND_IN_PORT, type System } from "./system.js";

interface Setup {
  readonly version: string;
  readonly directory: string;
  readonly port: number;
  /** A further line of the section `defaults`. */
  readonly option: string;
}

/** Nothing but the upgrade closes a kept connection. */
const configOf = ({ version, directory, port, option }: Setup) => `global
  stats socket ${directory}/stats.sock mode 600 level admin expose-fd listeners
  hard-stop-after ${DRAIN_SECONDS}s
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  timeout tunnel 600s
  ${option}
frontend web
  bind 127.0.0.1:${port} backlog 4096
  acl passed path /slow /talk
  use_backend site if passed
  http-request return status 200 content-type text/plain string "ok\\n" hdr X-Version ${version} unless passed
backend site
  http-response set-header X-Version ${version}
  server site 127.0.0.1:${STAND_IN_PORT}
`;

/** The package's HAProxy in master-worker mode, reloaded. */
export const HAPROXY = proxy("HAProxy", 8140, "");
/** The same with its own remedy for requests on connections that it closes. */
export const HAPROXY_IDLE = proxy("HAProxy, idle-close", 8160, "option idle-close-on-response");

function proxy(name: string, port: number, option: string): System {
  const directory = `/run/compare-haproxy-${port}`;
  const config = (version: string) => configOf({ version, directory, port, option });
  return {
    name,
    port,
    unit: `compare-haproxy-${port}.scope`,
    firstStays: true,
    talks: true,
    start: async (container) => {
      await container.write(`${directory}/haproxy.cfg`, config("v1"));
      await container.sh(
        `systemd-run --quiet --scope --unit=compare-haproxy-${port} ` +
          `haproxy -W -D -p ${directory}/haproxy.pid -f ${directory}/haproxy.cfg`,
      );
      await container.write(`${directory}/haproxy.cfg`, config("v2"));
    },
    upgrade: async (container) => {
      await container.sh(`kill -USR2 "$(cat ${directory}/haproxy.pid)"`);
    },
  };
}
