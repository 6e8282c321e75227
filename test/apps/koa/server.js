// A Koa app as anybody would write it.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const Koa = require("koa");

const version = readFileSync(join(__dirname, "version"), "ascii").trim();
const app = new Koa();

app.use(async (context) => {
  const ms = context.path === "/slow" ? Number(context.query.ms) : 0;
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  context.set("X-Version", version);
  context.body = `${version}\n`;
});

app.listen(process.env.PORT);
