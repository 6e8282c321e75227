import assert from "node:assert/strict";
import type { Config } from "../../../src/config/config.js";
import { parseConfig } from "../../../src/config/parse.js";

/** Every documented key once. */
export const sample = `
command     = ["gunicorn", "app:app", "--workers", "1"]
release     = "/srv/web"
snapshot    = "on"
shared      = ["uploads/", "./var/data.db"]
writable    = ["cache", "./.next/cache/"]
keep        = 5
workers     = 2
environment = { PYTHONUNBUFFERED = "1", _x9 = "" }
check       = ["gunicorn", "--check-config", "app:app"]
strategy = "exclusive"
warm = ["/", "/search?q=x"]
verify = { http = "/healthz", status = 204, timeout = "2s" }

[listeners.http]
address = "127.0.0.1:8080"
backlog = 511

[listeners.web-socket]
address = "unix:/run/web/web.sock"
mode    = "0660"

[listeners.from-systemd]

[ready]
when    = "notify"
timeout = "45s"

[drain]
timeout = "2min"
kill    = "500ms"
signal  = "SIGQUIT"

[trial]
time  = "5s"

[probation]
time = "2m"

[judge]
deaths  = false
accepts = true
errors  = "2.5%"
slow    = "1s"
health  = { http = "/health", status = 204, every = "2s", timeout = "1s", failures = 5 }
command = ["/usr/local/bin/ask-prometheus", "web"]

[rollback]
lose_state = true

[metrics]
address = "unix:/run/web/metrics.sock"
mode    = "0640"
`;

export function parse(toml: string): ReturnType<typeof parseConfig> {
  return parseConfig(toml, "web.toml", { cwd: "/srv/here", cores: 3 });
}

export function read(toml: string): Config {
  const result = parse(toml);
  assert.ok(result.ok, result.ok ? "" : result.failure.message);
  return result.value;
}

export function problemsOf(toml: string): { reason: string; lines: string[] } {
  const result = parse(toml);
  assert.ok(!result.ok, "was accepted");
  return { reason: result.failure.reason, lines: result.failure.message.split("\n") };
}
