import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { layOut, type NewInstance } from "../../../src/cli/init-files.js";
import { parseConfig } from "../../../src/config/parse.js";

const wish: NewInstance = {
  name: "web",
  program: ["gunicorn", "app:app"],
  listen: ["127.0.0.1:8080"],
  release: "/srv/web",
  shared: [],
  workers: undefined,
  socketUnits: true,
  source: "",
};

function lay(changes: Partial<NewInstance>) {
  const result = layOut({ ...wish, ...changes });
  assert.ok(result.ok, result.ok ? "" : result.failure.message);
  const { files, units, notes } = result.value;
  return { notes, units, paths: files.map(({ path }) => path), texts: files.map(({ text }) => text) };
}

test("by default systemd listens, and the config says where that is written", () => {
  const { units, paths, texts } = lay({});
  assert.deepEqual(paths, ["/etc/holdfast/web.toml", "/etc/systemd/system/holdfast@web.socket"]);
  assert.deepEqual(units, ["holdfast@web.socket", "holdfast@web.service"]);
  assert.match(texts[0] ?? "", /^\[listeners\.http\]\n# Its address is in .*holdfast@web\.socket$/m);
  assert.match(texts[1] ?? "", /^ListenStream=127\.0\.0\.1:8080$/m);
  assert.match(texts[1] ?? "", /^FileDescriptorName=http$/m);
  assert.doesNotMatch(texts[1] ?? "", /^Service=/m);
});

test("each further listener has a socket unit that names the service and comes with it", () => {
  const { units, texts } = lay({ listen: ["[::]:80", "admin=unix:/run/100%/a=b", "dns=udp:127.0.0.1:53"] });
  assert.deepEqual(units.slice(0, 3), [
    "holdfast@web.socket",
    "holdfast-web-admin.socket",
    "holdfast-web-dns.socket",
  ]);
  assert.match(texts[1] ?? "", /^ListenStream=\[::\]:80$/m);
  assert.match(texts[2] ?? "", /^ListenStream=\/run\/100%%\/a=b$/m);
  assert.match(texts[2] ?? "", /^Service=holdfast@web\.service$/m);
  assert.match(texts[2] ?? "", /^WantedBy=sockets\.target holdfast@web\.service$/m);
  assert.match(texts[3] ?? "", /^ListenDatagram=127\.0\.0\.1:53$/m);
});

test("without socket units the config has the addresses, and there is no other file", () => {
  const { paths, texts, units } = lay({ socketUnits: false, workers: "auto" });
  assert.deepEqual([paths, units], [["/etc/holdfast/web.toml"], ["holdfast@web.service"]]);
  assert.match(texts[0] ?? "", /^address = "127\.0\.0\.1:8080"$/m);
  assert.match(texts[0] ?? "", /^workers = "auto"$/m);
});

for (const [changes, why] of [
  [{ listen: ["localhost:80"] }, /host name/],
  [{ listen: ["127.0.0.1:80", "127.0.0.1:81"] }, /two listeners named http/],
  [{ listen: ["a b=127.0.0.1:80"] }, /cannot be a listener's name/],
  [{ listen: ["=127.0.0.1:80"] }, /cannot be a listener's name/],
  [{ listen: ["unix:/run/a b"] }, /by hand/],
  [{ listen: ["127.0.0.1:80", "b=127.0.0.1:80"], socketUnits: false }, /also the address of/],
  [{ workers: "many" }, /workers: must be a whole number/],
  [{ workers: "0" }, /workers: must be a whole number/],
  [{ program: [""] }, /must name a program/],
] as const) {
  test(`${JSON.stringify(changes)} is refused with what to do`, () => {
    const result = layOut({ ...wish, ...changes });
    assert.ok(!result.ok);
    assert.match(result.failure.message, why);
  });
}

test("whatever the program's arguments are, the daemon reads them from the config as they were typed", () => {
  const word = fc.string({ minLength: 1, unit: "binary" }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), (program) => {
      const [config = ""] = lay({ program }).texts;
      const parsed = parseConfig(config, "web.toml", { cwd: "/", cores: 1 });
      assert.ok(parsed.ok);
      assert.deepEqual(parsed.value.plan.command, program);
    }),
  );
});

test("what is shared is in the config, and open in the unit's sandbox; whose it has to be is said", () => {
  const result = layOut({ ...wish, socketUnits: false, shared: ["uploads", "var/data.db"] });
  assert.ok(result.ok);
  const [config, dropIn] = result.value.files;
  assert.match(config?.text ?? "", /^shared = \["uploads", "var\/data\.db"\]$/m);
  assert.equal(dropIn?.path, "/etc/systemd/system/holdfast@web.service.d/shared.conf");
  assert.match(
    dropIn.text,
    /^\[Service\]\nReadWritePaths=-\/srv\/web\/uploads\nReadWritePaths=-\/srv\/web\/var\/data\.db$/m,
  );
  assert.equal(result.value.commands.at(-1), "chown -R holdfast-web: /srv/web/uploads /srv/web/var/data.db");
  for (const shared of [["/etc"], ["two words"]]) assert.equal(layOut({ ...wish, shared }).ok, false);
});

test("a Node app that opens its own port gets the preload, and it is said", () => {
  const changes = { program: ["node", "server.js"], source: "app.listen(3000)" };
  const { texts, notes } = lay(changes);
  assert.match(texts[0] ?? "", /^command = \["node", "--import", "holdfast\/register", "server\.js"\]$/m);
  assert.match(notes.join("\n"), /opens its own port: with --import/);
  for (const source of ["", 'import { serve } from "holdfast"; x.listen(1)', "s.listen({ fd: 3 })"]) {
    const left = lay({ ...changes, source });
    assert.match(left.texts[0] ?? "", /^command = \["node", "server\.js"\]$/m);
    assert.deepEqual(left.notes, []);
  }
});

test("a program that never says READY=1 counts as ready when it accepts", () => {
  const programs = ["uvicorn a:app --fd 3", "nginx", "php-fpm8.2", "bundle exec puma"];
  for (const program of programs) {
    const { texts, notes } = lay({ program: program.split(" ") });
    assert.match(texts[0] ?? "", /^\[ready\]\nwhen = "accepts"$/m);
    assert.match(notes.join("\n"), /may never say READY=1/);
  }
  assert.doesNotMatch(lay({ program: ["caddy", "run"] }).texts[0] ?? "", /^\[ready\]/m);
});

test("a server that has to be told of its sockets, and when to drain, is told, and it is said", () => {
  const listen = ["127.0.0.1:9000", "admin=unix:/run/admin.sock"];
  const told = (program: readonly string[]): string => {
    const { texts, notes } = lay({ program, listen });
    assert.match(notes.join("\n"), /opens its own port unless it is told/);
    return texts[0] ?? "";
  };
  assert.match(told(["python3", "-m", "uvicorn", "a:app"]), /^command = .*"a:app", "--fd", "3"\]$/m);
  const fpm = told(["php-fpm8.4", "--nodaemonize"]);
  assert.match(fpm, /^environment = \{ FPM_SOCKETS = "127\.0\.0\.1:9000=3,\/run\/admin\.sock=4" \}$/m);
  assert.match(fpm, /^\[drain\]\nsignal = "SIGQUIT"$/m);
  const blocking = lay({ program: ["php-fpm8.4"] });
  assert.equal(blocking.paths.at(-1), "/etc/systemd/system/holdfast@web.service.d/blocking.conf");
  assert.match(blocking.texts.at(-1) ?? "", /^NonBlocking=no$/m);
  assert.equal(layOut({ ...wish, program: ["php-fpm8.4"], socketUnits: false }).ok, false);
  assert.match(told(["nginx"]), /^environment = \{ NGINX = "3;4;" \}$/m);
  assert.deepEqual(lay({ program: ["env", "NGINX=3;", "nginx"] }).texts[0]?.match(/^environment/m), null);
});

test("gunicorn gets a check that imports the app, unless it does so before it is ready", () => {
  assert.match(lay({}).texts[0] ?? "", /^check = \["gunicorn", "--check-config", "app:app"\]/m);
  const { texts } = lay({ program: ["python3", "-m", "gunicorn", "app:app", "--workers", "4"] });
  assert.match(
    texts[0] ?? "",
    /^check = \["python3", "-m", "gunicorn", "--check-config", "app:app", "--workers", "4"\]/m,
  );
  assert.doesNotMatch(lay({ program: ["gunicorn", "--preload", "app:app"] }).texts[0] ?? "", /^check/m);
});
