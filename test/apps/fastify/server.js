// A Fastify app as anybody would write it; without a host Fastify listens on every address of localhost.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const fastify = require("fastify");

const version = readFileSync(join(__dirname, "version"), "ascii").trim();
const app = fastify();

app.addHook("onRequest", (_request, reply, done) => {
  reply.header("X-Version", version);
  done();
});
app.get("/", async () => `${version}\n`);
app.get("/slow", (request, reply) => {
  setTimeout(() => reply.send(`${version}\n`), Number(request.query.ms));
});

app.listen({ port: Number(process.env.PORT) }, (error, address) => {
  if (error) throw error;
  console.log(`listening at ${address}`);
});

process.on("SIGTERM", async () => {
  await app.close();
  console.log("closed");
});
