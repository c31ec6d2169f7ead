/** Turns whatever ended a command into sentences and an exit code. */
import { ClientError, Status } from "nice-grpc-common";
import { detailsOf } from "../client/error-details.ts";
import { ConfigError } from "../config/config-error.ts";
import { visibleValue } from "../observability/visible-text.ts";
import { StoreUnavailableError } from "../store/store-unavailable-error.ts";
import { OutcomeUnknown } from "./client/outcome-unknown.ts";
import { commandLine } from "./command-line.ts";
import { CliFailure, type ExitCode, exitCodes, ToldFailure } from "./context.ts";

export interface Failure {
  readonly exitCode: ExitCode;
  /** The first is the fault itself; the others tell more. */
  readonly sentences: readonly string[];
  /** The same for machines. */
  readonly json: Readonly<Record<string, unknown>>;
}

const unreachable = new Set<Status>([Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED]);

/** What to print and how to exit; `argv` is the command that failed. */
export function describeFailure(error: unknown, argv: readonly string[]): Failure {
  if (error instanceof OutcomeUnknown) return withRepeat(describeFailure(error.cause, argv), error, argv);
  if (error instanceof ToldFailure) return { exitCode: error.exitCode, sentences: [], json: {} };
  if (error instanceof CliFailure) return plain(error.exitCode, error.message);
  if (error instanceof StoreUnavailableError) {
    return plain(error.reason === "AWAY" ? exitCodes.unreachable : exitCodes.failed, error.message);
  }
  if (error instanceof ConfigError) {
    return {
      exitCode: exitCodes.config,
      sentences: ["The configuration has faults:", ...error.problems.map(problemLine)],
      json: { error: "The configuration has faults.", problems: error.problems },
    };
  }
  if (error instanceof ClientError) {
    const failure = describeCall(error);
    // What a server says cannot look like a line of our own.
    return { ...failure, sentences: failure.sentences.map(visibleValue) };
  }
  if (error instanceof Error && error.name === "TimeoutError") {
    return plain(exitCodes.unreachable, "The service did not answer in time.");
  }
  if (error instanceof Error && error.name === "AbortError") return plain(exitCodes.failed, "Stopped.");
  return plain(exitCodes.failed, error instanceof Error ? error.message : String(error));
}

/** Tells how to repeat a call whose outcome is not known. The key stays out of what is printed. */
function withRepeat(
  failure: Failure,
  { requestId, isNamed }: OutcomeUnknown,
  argv: readonly string[],
): Failure {
  const shown = argv.map((word, index) =>
    word.startsWith("--key=") ? "--key=KEY" : argv[index - 1] === "--key" ? "KEY" : word,
  );
  const repeat = commandLine([
    ...shown.slice(0, 1),
    ...(isNamed ? [] : ["--request-id", requestId]),
    ...shown.slice(1),
  ]);
  return {
    ...failure,
    sentences: [
      ...failure.sentences,
      "It is not known whether the message was accepted. This sends it if it was not, and never twice:",
      `  ${repeat}`,
    ],
    json: { ...failure.json, outcomeUnknown: true, requestId, repeat },
  };
}

function plain(exitCode: ExitCode, sentence: string): Failure {
  return { exitCode, sentences: [sentence], json: { error: sentence } };
}

const problemLine = ({ where, path, rule }: ConfigError["problems"][number]) =>
  `  ${where}: ${path === "" ? "" : `${path} `}${rule}`;

/** What grpc-js says about a connection, without what it and OpenSSL say to their own developers. */
function connectionText(details: string): string {
  const text = details
    .replace(/\s*Resolution note:.*$/s, "")
    .replace(/^No connection established\.\s*(Last error: )?/, "")
    .replace(/\s*\(\d{4}-\d\d-\d\dT[^)]*\)/, "")
    .replace(/^(Error( \[\w+\])?: )+/, "")
    .replace(/; if the root CA is installed locally.*$/s, "")
    .replace(/^.*error:[0-9A-F]{8}:[^:]*:[^:]*:([^:]+):.*$/s, "$1")
    .replace(/[.:\s]+$/, "")
    .replace(/^null$/, "");
  return text === "Failed to connect"
    ? "it closes the connection; perhaps it speaks TLS (--tls, --ca)"
    : text;
}

function describeCall(error: ClientError): Failure {
  const { info, violations, retryAfterSeconds } = detailsOf(error);
  const statusCode = info?.metadata["status_code"];
  const count = Number(info?.metadata["violation_count"] ?? violations.length);
  const isUnreachable = unreachable.has(error.code) && info === undefined;
  const text = !isUnreachable
    ? error.details
    : error.code === Status.DEADLINE_EXCEEDED
      ? "The service did not answer in time."
      : `The service cannot be reached: ${connectionText(error.details) || "no connection"}.`;
  const title = isUnreachable
    ? text
    : info === undefined
      ? `${Status[error.code]}: ${text}`
      : `${statusCode ?? Status[error.code]} ${info.reason}: ${text}`;
  return {
    exitCode: isUnreachable ? exitCodes.unreachable : exitCodes.failed,
    sentences: [
      title,
      ...violations.map(({ field, description }) => `  ${field}: ${description}`),
      ...(count > violations.length ? [`  … and ${count - violations.length} more faults`] : []),
      ...(retryAfterSeconds === undefined ? [] : [`  Try again in ${retryAfterSeconds} s.`]),
    ],
    json: {
      error: text,
      grpcCode: Status[error.code],
      ...(info === undefined
        ? {}
        : { reason: info.reason, statusCode: `SMS_STATUS_CODE_${info.reason}`, metadata: info.metadata }),
      ...(violations.length === 0
        ? {}
        : {
            violations: violations.map(({ field, reason, description }) => ({ field, reason, description })),
          }),
      ...(retryAfterSeconds === undefined ? {} : { retryDelay: `${retryAfterSeconds}s` }),
    },
  };
}
