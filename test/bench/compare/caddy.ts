import { DRAIN_SECONDS, STAND_IN_PORT, type System } from "./system.js";

const PORT = 8230;
const DIRECTORY = "/srv/compare-caddy";

/** Nothing but the upgrade closes a kept connection. */
const configOf = (version: string) => `{
  grace_period ${DRAIN_SECONDS}s
  auto_https off
  servers {
    timeouts {
      idle 10m
    }
  }
}
http://:${PORT} {
  bind 127.0.0.1
  @passed path /slow /talk
  handle @passed {
    reverse_proxy 127.0.0.1:${STAND_IN_PORT} {
      header_down X-Version ${version}
    }
  }
  handle {
    header X-Version ${version}
    respond "ok"
  }
}
`;

/** As in the package's own unit. */
const SERVICE = `[Service]
Type=notify
ExecStart=/usr/bin/caddy run --environ --config ${DIRECTORY}/Caddyfile
ExecReload=/usr/bin/caddy reload --config ${DIRECTORY}/Caddyfile --force
TimeoutStopSec=${DRAIN_SECONDS}
LimitNOFILE=1048576
`;

/** The package's Caddy, which gets another config in the same process. */
export const CADDY: System = {
  name: "Caddy",
  port: PORT,
  unit: "compare-caddy.service",
  firstStays: true,
  talks: true,
  start: async (container) => {
    await container.write(`${DIRECTORY}/Caddyfile`, configOf("v1"));
    await container.write("/etc/systemd/system/compare-caddy.service", SERVICE);
    await container.sh("systemctl daemon-reload && systemctl start compare-caddy.service");
    await container.write(`${DIRECTORY}/Caddyfile`, configOf("v2"));
  },
  upgrade: async (container) => {
    await container.sh("systemctl reload compare-caddy.service");
  },
};
