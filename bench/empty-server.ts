/**
 * The yardstick: the contract on grpc-js as it is, with handlers that do nothing and nothing before them. Prints its port and serves
 * until it is ended.
 */
import {
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import { SendSmsRequest } from "../src/gen/smsrelay/v1/sms.ts";
import {
  SendSmsResponse,
  SendSmsStreamRequest,
  SendSmsStreamResponse,
  SmsServiceDefinition,
} from "../src/gen/smsrelay/v1/sms_service.ts";

const emptyResponse = SendSmsResponse.create();
const { sendSms, sendSmsStream } = SmsServiceDefinition.methods;

/** As ts-proto writes a method for grpc-js. */
function methodOf<Request, Response>(
  { name, requestStream, responseStream }: typeof sendSms | typeof sendSmsStream,
  requestType: { decode(octets: Uint8Array): Request },
  responseType: { encode(response: Response): { finish(): Uint8Array } },
): MethodDefinition<Request, Response> {
  return {
    path: `/${SmsServiceDefinition.fullName}/${name}`,
    requestStream,
    responseStream,
    requestDeserialize: requestType.decode,
    responseSerialize: (response) => Buffer.from(responseType.encode(response).finish()),
    requestSerialize: unused,
    responseDeserialize: unused,
  };
}

function unused(): never {
  throw new Error("a server reads requests and writes responses");
}

const definition: ServiceDefinition = {
  sendSms: methodOf(sendSms, SendSmsRequest, SendSmsResponse),
  sendSmsStream: methodOf(sendSmsStream, SendSmsStreamRequest, SendSmsStreamResponse),
};
const server = new Server();
server.addService(definition, {
  sendSms: (_call: unknown, respond: (error: null, response: SendSmsResponse) => void) =>
    respond(null, emptyResponse),
  sendSmsStream(call: ServerDuplexStream<SendSmsStreamRequest, SendSmsStreamResponse>) {
    call.on("data", ({ request }: SendSmsStreamRequest) => {
      const response = {
        requestId: request?.requestId ?? "",
        outcome: { $case: "response" as const, value: emptyResponse },
      };
      if (call.write(response)) return;
      call.pause();
      call.once("drain", () => call.resume());
    });
    call.on("end", () => call.end());
  },
});
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${port}\n`);
});
process.once("SIGTERM", () => server.forceShutdown());
