import { exchangeBytes } from "./rig.js";

export interface Reply {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

export async function send(socketPath: string, request: string): Promise<Reply> {
  const answer = await exchangeBytes(socketPath, request);
  const [headers = "", ...body] = answer.split("\r\n\r\n");
  return { status: Number(headers.split(" ")[1]), headers, body: body.join("\r\n\r\n") };
}

export function ask(socketPath: string, method: string, path: string, headers = ""): Promise<Reply> {
  return send(socketPath, `${method} ${path} HTTP/1.1\r\n${headers}\r\n`);
}

export function reasonIn({ body }: Reply): unknown {
  return JSON.parse(body).error.reason;
}
