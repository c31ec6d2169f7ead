/**
 * The yardstick: the same gRPC stack and contract with handlers that do nothing and no middleware. Prints its port and
 * serves until it is ended.
 */
import { createServer } from "nice-grpc";
import {
  SendSmsResponse,
  SmsServiceDefinition,
  type SmsServiceImplementation,
} from "../src/gen/smsrelay/v1/sms_service.ts";

const emptyResponse = SendSmsResponse.create();

const handlers: Pick<SmsServiceImplementation, "sendSms" | "sendSmsStream"> = {
  sendSms: async () => emptyResponse,
  async *sendSmsStream(requests) {
    for await (const item of requests) {
      yield {
        requestId: item.request?.requestId ?? "",
        outcome: { $case: "response" as const, value: emptyResponse },
      };
    }
  },
};

const { sendSms, sendSmsStream } = SmsServiceDefinition.methods;
const server = createServer();
server.add({ ...SmsServiceDefinition, methods: { sendSms, sendSmsStream } }, handlers);
const port = await server.listen("127.0.0.1:0");
process.stdout.write(`${port}\n`);
process.once("SIGTERM", () => server.forceShutdown());
