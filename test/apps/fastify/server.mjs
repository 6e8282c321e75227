// The same as ES module, which waits for Fastify to listen.
import { readFileSync } from "node:fs";
import fastify from "fastify";

const version = readFileSync(new URL("version", import.meta.url), "ascii").trim();
const app = fastify();

app.addHook("onRequest", async (_request, reply) => {
  reply.header("X-Version", version);
});
app.get("/", async () => `${version}\n`);
app.get("/slow", async (request) => {
  await new Promise((resolve) => setTimeout(resolve, Number(request.query.ms)));
  return `${version}\n`;
});

const address = await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
console.log(`listening at ${address} ${JSON.stringify(app.addresses())}`);
