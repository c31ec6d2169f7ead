import { describe, expect, it } from "vitest";
import { describeListenFault } from "../../../../src/cli/service/listen-fault.ts";

describe("a door that cannot be opened is described in our own words", () => {
  it.each([
    [
      Object.assign(new Error("address already in use 127.0.0.1:50051"), { code: "EADDRINUSE" }),
      "Another program listens on 127.0.0.1:50051 already, perhaps another sms-relay. End it, or choose another port (listen.grpc, listen.http).",
    ],
    [
      new Error(
        "No address added out of total 1 resolved errors: [listen EACCES: permission denied 127.0.0.1:81]",
      ),
      "This user may not listen on 127.0.0.1:81: ports below 1024 are root's. Choose a higher one (listen.grpc, listen.http).",
    ],
    [
      new Error("listen EADDRNOTAVAIL: address not available 192.0.2.7:9090"),
      "192.0.2.7:9090 is no address of this machine. Choose one that it has, or 0.0.0.0 for all (listen.grpc, listen.http).",
    ],
  ])("%s", (error, sentence) =>
    expect(describeListenFault(error, "listen.grpc, listen.http")).toBe(sentence),
  );

  it("leaves other errors alone", () => {
    expect(describeListenFault(new Error("no such table: messages"), "--port")).toBeUndefined();
    expect(describeListenFault("EACCES", "--port")).toBeUndefined();
  });
});
