/** The Node that runs these tests is the one that the project pins: where it keeps its streams otherwise, this fails. */
import { once } from "node:events";
import { connect, createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { NumberTable } from "../../../../src/memory/number-table.ts";
import { forgetClosedStreams } from "../../../../src/rpc/server/http2-streams.ts";

function tableOf(session: ServerHttp2Session): unknown {
  const symbol = Object.getOwnPropertySymbols(session).find(({ description }) => description === "state");
  return (session as unknown as Record<symbol, { readonly streams: unknown }>)[symbol ?? Symbol.for("none")]
    ?.streams;
}

describe("forgetClosedStreams", () => {
  it("gives a session a table that forgets, in which its streams come and go", async () => {
    forgetClosedStreams();
    const server = createServer();
    const sessions: ServerHttp2Session[] = [];
    const open: { end(): void }[] = [];
    server.on("session", (session) => sessions.push(session));
    server.on("stream", (stream, headers) => {
      stream.respond({ ":status": 200 });
      if (headers[":path"] === "/waits") open.push(stream);
      else stream.end("answered");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const call = async (path: string) => {
      let text = "";
      for await (const chunk of client.request({ ":path": path })) text += String(chunk);
      return text;
    };
    try {
      const waiting = client.request({ ":path": "/waits" });
      await once(waiting, "response");
      for (let index = 0; index < 200; index++) expect(await call("/")).toBe("answered");
      const table = tableOf(sessions[0] as ServerHttp2Session);
      expect(table).toBeInstanceOf(NumberTable);
      expect((table as NumberTable<object>).size).toBeLessThanOrEqual(2);
      const closed = once(waiting, "close");
      sessions[0]?.destroy();
      await closed;
      expect(waiting.destroyed).toBe(true);
    } finally {
      client.destroy();
      server.close();
      await once(server, "close");
    }
  });
});
