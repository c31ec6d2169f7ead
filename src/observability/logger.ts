/**
 * Log lines: JSON by pino, one line an event, redacted (P48); on a terminal, the same as short sentences. Nothing is logged for each
 * message above `debug`.
 */
import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";
import type { Clock } from "./clock.ts";
import { maskSentence, redactFields } from "./redact.ts";
import { RepeatedLines } from "./repeated-lines.ts";
import { visibleText, visibleValue } from "./visible-text.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Facts beside the sentence. Errors go under `err`. */
export type LogFields = Readonly<Record<string, unknown>>;

type WriteLine = (fields: LogFields, sentence: string) => void;

/** What the rest of the program sees of the logger. */
export interface Logger {
  debug(fields: LogFields, sentence: string): void;
  info(fields: LogFields, sentence: string): void;
  warn(fields: LogFields, sentence: string): void;
  error(fields: LogFields, sentence: string): void;
  /** A logger whose lines all carry `fields`, for instance `{ gateway: "north" }`. */
  child(fields: LogFields): Logger;
  /**
   * For lines that may repeat with traffic or while a fault lasts: one a minute for each sentence, gateway, reason, peer and kind of error,
   * with a `count` from the second on and the fields of the last.
   */
  readonly often: Readonly<Record<"info" | "warn" | "error", WriteLine>>;
}

/** The program's own logger. */
export interface RootLogger extends Logger {
  /** Writes what `often` has counted and not yet written. */
  flush(): void;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Shows whole numbers; meant for finding faults, never for daily use. */
  readonly showRecipients: boolean;
  /** Where lines go. */
  readonly destination: DestinationStream;
  /** Short sentences instead of JSON, for a terminal. */
  readonly isTerminal: boolean;
  readonly clock: Pick<Clock, "setTimeout">;
}

/** Makes the program's logger. */
export function createLogger(options: LoggerOptions): RootLogger {
  const { showRecipients } = options;
  const root = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // Errors are turned into plain data by the redaction, so that their messages are masked too.
      serializers: { err: (value: unknown) => value },
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redactFields(fields, { showRecipients }),
      },
      hooks: {
        logMethod(args, method) {
          const sentence: unknown = args[1];
          if (typeof sentence === "string" && !showRecipients) args[1] = maskSentence(sentence);
          method.apply(this, args);
        },
      },
    },
    options.isTerminal ? terminalStream(options.destination) : options.destination,
  );
  const repeated = new RepeatedLines(options.clock);
  return { ...wrap(root, showRecipients, repeated, ""), flush: () => repeated.flush() };
}

/** pino's child takes its fields as they are; ours pass the redaction first. */
function wrap(logger: PinoLogger, showRecipients: boolean, repeated: RepeatedLines, scope: string): Logger {
  const often =
    (level: keyof Logger["often"]): WriteLine =>
    (fields, sentence) => {
      const kind = `${level} ${sentence}`;
      repeated.tell(`${kind} ${scope} ${keyOf(fields)}`, kind, (count) =>
        logger[level](count === 1 ? fields : { ...fields, count }, sentence),
      );
    };
  return {
    debug: (fields, sentence) => logger.debug(fields, sentence),
    info: (fields, sentence) => logger.info(fields, sentence),
    warn: (fields, sentence) => logger.warn(fields, sentence),
    error: (fields, sentence) => logger.error(fields, sentence),
    child: (fields) =>
      wrap(
        logger.child(redactFields(fields, { showRecipients })),
        showRecipients,
        repeated,
        scope + JSON.stringify(fields),
      ),
    often: { info: often("info"), warn: often("warn"), error: often("error") },
  };
}

/** What makes two lines of one sentence different. */
function keyOf({ gateway, account, reason, peer, err }: LogFields): string {
  const error = err instanceof Error ? `${err.name} ${(err as { code?: unknown }).code ?? ""}` : "";
  return JSON.stringify([gateway, account, reason, peer, error]);
}

/** A logger that writes nothing. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
  often: { info: () => {}, warn: () => {}, error: () => {} },
};

const colors: Readonly<Record<string, string>> = {
  debug: "\u001b[2m",
  info: "\u001b[36m",
  warn: "\u001b[33m",
  error: "\u001b[31m",
};

/** `08:31:02 info  The gateway is bound.  gateway=north sessions=2` */
function terminalStream(destination: DestinationStream): DestinationStream {
  return {
    write(line) {
      const { time, level, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
      const facts = Object.entries(rest).map(([name, value]) => `${name}=${factOf(value)}`);
      const cause = err === undefined ? [] : [messagesOf(err as LoggedError).join(" ")];
      const word = String(level);
      const clock = String(time).slice(11, 19);
      const tail = [...facts, ...cause].join(" ");
      destination.write(
        `\u001b[2m${clock}\u001b[0m ${colors[word] ?? ""}${word.padEnd(5)}\u001b[0m ${visibleValue(String(msg))}${tail === "" ? "" : `  \u001b[2m${visibleText(tail)}\u001b[0m`}\n`,
      );
    },
  };
}

interface LoggedError {
  readonly message: unknown;
  readonly cause?: LoggedError;
}

/** An error's sentence and those of its causes. */
function messagesOf({ message, cause }: LoggedError): readonly string[] {
  return [factOf(message), ...(cause?.message === undefined ? [] : messagesOf(cause))];
}

function factOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
