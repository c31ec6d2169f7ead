import { Command } from "commander";
import { describe, expect, it } from "vitest";
import {
  type MessageOptions,
  requestPart,
  withMessageOptions,
} from "../../../src/cli/sending/message-options.ts";
import { Lane } from "../../../src/gen/smsrelay/v1/message.ts";

function requestOf(...words: string[]) {
  return requestPart(withMessageOptions(new Command()).parse(words, { from: "user" }).opts<MessageOptions>());
}

describe("options of a message", () => {
  it("leaves the lane to the account where none is named", () => {
    expect(requestOf().lane).toBe(Lane.LANE_UNSPECIFIED);
    expect(requestOf("--lane", "normal").lane).toBe(Lane.LANE_NORMAL);
    expect(requestOf("--lane", "otp").lane).toBe(Lane.LANE_OTP);
  });
});
