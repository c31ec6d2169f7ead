/** Every method of the contract, as its descriptors tell. */
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { descriptorSet } from "../../src/gen/smsrelay/descriptor_set.ts";

export interface ContractMethod {
  readonly name: string;
  /** For instance `/smsrelay.v1.SmsService/SendSms`. */
  readonly path: string;
  readonly isUnary: boolean;
  readonly idempotencyLevel: keyof typeof MethodOptions_IdempotencyLevel;
}

export const contractMethods: readonly ContractMethod[] = fromBinary(
  FileDescriptorSetSchema,
  descriptorSet,
).file.flatMap((file) =>
  file.service.flatMap((service) =>
    service.method.map((method) => ({
      name: method.name,
      path: `/${file.package}.${service.name}/${method.name}`,
      isUnary: !method.clientStreaming && !method.serverStreaming,
      idempotencyLevel: MethodOptions_IdempotencyLevel[
        method.options?.idempotencyLevel ?? MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN
      ] as ContractMethod["idempotencyLevel"],
    })),
  ),
);
