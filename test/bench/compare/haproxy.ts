import { DRAIN_SECONDS, STAND_IN_PORT, type System } from "./system.js";

const ADDRESS = "127.0.0.1:8104";
const DIRECTORY = "/run/compare-haproxy";

/** Nothing but the upgrade closes a kept connection. */
const configOf = (version: string) => `global
  stats socket ${DIRECTORY}/stats.sock mode 600 level admin expose-fd listeners
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
frontend web
  bind ${ADDRESS} backlog 4096
  acl passed path /slow /talk
  use_backend site if passed
  http-request return status 200 content-type text/plain string "ok\\n" hdr X-Version ${version} unless passed
backend site
  http-response set-header X-Version ${version}
  server site 127.0.0.1:${STAND_IN_PORT}
`;

/** The package's HAProxy in master-worker mode, reloaded. */
export const HAPROXY: System = {
  name: "HAProxy",
  address: ADDRESS,
  unit: "compare-haproxy.scope",
  firstStays: true,
  start: async (container) => {
    await container.write(`${DIRECTORY}/haproxy.cfg`, configOf("v1"));
    await container.sh(
      "systemd-run --quiet --scope --unit=compare-haproxy " +
        `haproxy -W -D -p ${DIRECTORY}/haproxy.pid -f ${DIRECTORY}/haproxy.cfg`,
    );
    await container.write(`${DIRECTORY}/haproxy.cfg`, configOf("v2"));
  },
  upgrade: async (container) => {
    await container.sh(`kill -USR2 "$(cat ${DIRECTORY}/haproxy.pid)"`);
  },
};
