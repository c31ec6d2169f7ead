/** Turns whatever ended a command into sentences and an exit code. */
import { ClientError, Status } from "nice-grpc-common";
import { type BadRequest, type ErrorInfo, type RetryInfo, RichClientError } from "nice-grpc-error-details";
import { ConfigError } from "../config/config-error.ts";
import { CliFailure, type ExitCode, exitCodes } from "./context.ts";

export interface Failure {
  readonly exitCode: ExitCode;
  /** The first is the fault itself; the others tell more. */
  readonly sentences: readonly string[];
  /** The same for machines. */
  readonly json: Readonly<Record<string, unknown>>;
}

const unreachable = new Set<Status>([Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED]);

/** What to print and how to exit. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CliFailure) return plain(error.exitCode, error.message);
  if (error instanceof ConfigError) {
    return {
      exitCode: exitCodes.failed,
      sentences: ["The configuration has faults:", ...error.problems.map(problemLine)],
      json: { error: "The configuration has faults.", problems: error.problems },
    };
  }
  if (error instanceof ClientError) return describeCall(error);
  if (error instanceof Error && error.name === "TimeoutError") {
    return plain(exitCodes.unreachable, "The service did not answer in time.");
  }
  if (error instanceof Error && error.name === "AbortError") return plain(exitCodes.failed, "Stopped.");
  return plain(exitCodes.failed, error instanceof Error ? error.message : String(error));
}

function plain(exitCode: ExitCode, sentence: string): Failure {
  return { exitCode, sentences: [sentence], json: { error: sentence } };
}

const problemLine = ({ place, path, rule }: ConfigError["problems"][number]) =>
  `  ${place}: ${path === "" ? "" : `${path} `}${rule}`;

function describeCall(error: ClientError): Failure {
  const extra = error instanceof RichClientError ? error.extra : [];
  const detail = <Type extends string>(name: Type) =>
    extra.find((entry) => entry.$type === `google.rpc.${name}`);
  const info = detail("ErrorInfo") as ErrorInfo | undefined;
  const violations = (detail("BadRequest") as BadRequest | undefined)?.fieldViolations ?? [];
  const retry = (detail("RetryInfo") as RetryInfo | undefined)?.retryDelay;
  const statusCode = info?.metadata["status_code"];
  const count = Number(info?.metadata["violation_count"] ?? violations.length);
  const isUnreachable = unreachable.has(error.code) && info === undefined;
  const retrySeconds =
    retry === undefined ? undefined : Number(retry.seconds.toString()) + retry.nanos / 1_000_000_000;
  const title = isUnreachable
    ? `The service cannot be reached: ${error.details}.`
    : info === undefined
      ? `${Status[error.code]}: ${error.details}`
      : `${statusCode ?? Status[error.code]} ${info.reason}: ${error.details}`;
  return {
    exitCode: isUnreachable ? exitCodes.unreachable : exitCodes.failed,
    sentences: [
      title,
      ...violations.map(({ field, description }) => `  ${field}: ${description}`),
      ...(count > violations.length ? [`  … and ${count - violations.length} more faults`] : []),
      ...(retrySeconds === undefined ? [] : [`  Try again in ${retrySeconds} s.`]),
    ],
    json: {
      error: error.details,
      grpc_code: Status[error.code],
      ...(info === undefined
        ? {}
        : { reason: info.reason, status_code: Number(statusCode), metadata: info.metadata }),
      ...(violations.length === 0
        ? {}
        : { violations: violations.map(({ field, description }) => ({ field, description })) }),
      ...(retrySeconds === undefined ? {} : { retry_after_seconds: retrySeconds }),
    },
  };
}
