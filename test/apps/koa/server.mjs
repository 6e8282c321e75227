// The same as ES module.
import { readFileSync } from "node:fs";
import Koa from "koa";

const version = readFileSync(new URL("version", import.meta.url), "ascii").trim();
const app = new Koa();

app.use(async (context) => {
  const ms = context.path === "/slow" ? Number(context.query.ms) : 0;
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  context.set("X-Version", version);
  context.body = `${version}\n`;
});

app.listen(Number(process.env.PORT), "localhost");
