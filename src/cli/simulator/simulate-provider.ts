/** `sms-relay simulate --provider`: a provider's HTTP API as a process of its own, which prints what it takes. */
import { parse } from "yaml";
import { type ApiBehaviour, readBehaviour } from "../../apis/behaviour.ts";
import { apiNames, defaultCredentials, type SimulatedApi, startApi } from "../../apis/start-api.ts";
import { type CliContext, usageFault } from "../context.ts";
import { readOptionFile } from "../option-values.ts";
import { countOf, countText, jsonLine } from "../output/output.ts";
import { openProviderControl } from "./provider-control.ts";

export interface ProviderOptions {
  readonly provider: string;
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly secret: string | undefined;
  readonly receiptDelayMs: number;
  /** JSON texts, then files. */
  readonly modes: readonly string[];
  readonly modeFiles: readonly string[];
  readonly controlPort: number | undefined;
  readonly record: string | undefined;
  readonly isQuiet: boolean;
  readonly isJson: boolean;
  /** Turns a fault of listening into what is printed. */
  readonly failListening: (error: unknown) => never;
}

const gatherMs = 100;

export async function simulateProvider(options: ProviderOptions, context: CliContext): Promise<void> {
  const { provider, user, secret } = options;
  if (!apiNames.includes(provider)) {
    throw usageFault(`--provider: ${provider} is not one of ${apiNames.join(", ")}.`);
  }
  const api = await startApi({
    provider,
    host: options.host,
    port: options.port,
    credentials: { user: user ?? defaultCredentials.user, secret: secret ?? defaultCredentials.secret },
    receiptDelayMs: options.receiptDelayMs,
    behaviours: behavioursOf(options, context),
    ...(options.record !== undefined && { recordTo: options.record }),
    clock: context.clock,
  }).catch(options.failListening);
  const control =
    options.controlPort === undefined ? undefined : await openProviderControl(options.controlPort, api);
  const controlText =
    control === undefined ? "" : ` and takes control calls on http://127.0.0.1:${control.port}`;
  context.err(`The API of ${provider} is simulated at ${api.url}${controlText}. Ctrl-C ends it.`);
  try {
    await printTaken(api, options, context);
  } finally {
    const { taken, refused, callbacksTaken } = api.counters();
    await control?.stop();
    await api.stop();
    context.err(
      `${countOf(taken, "message")} taken, ${countText(refused)} calls refused; ${countOf(callbacksTaken, "callback")} answered.`,
    );
  }
}

function behavioursOf({ modes, modeFiles }: ProviderOptions, context: CliContext): readonly ApiBehaviour[] {
  const read = (text: string, option: string): readonly unknown[] => {
    try {
      return [parse(text) as unknown].flat();
    } catch {
      throw usageFault(`${option} is neither JSON nor YAML.`);
    }
  };
  return [
    ...modeFiles.flatMap((file) =>
      read(readOptionFile(file, "--mode-file", context).toString("utf8"), "--mode-file"),
    ),
    ...modes.flatMap((text) => read(text, "--mode")),
  ].map((value) => {
    const behaviour = readBehaviour(value);
    if (typeof behaviour === "string") throw usageFault(`--mode: ${behaviour}.`);
    return behaviour;
  });
}

async function printTaken(
  api: SimulatedApi,
  { isQuiet, isJson }: ProviderOptions,
  { clock, signal, out }: CliContext,
): Promise<void> {
  for (let seen = 0; !signal.aborted; ) {
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, gatherMs);
      signal.addEventListener(
        "abort",
        () => {
          timer.cancel();
          resolve();
        },
        { once: true },
      );
    });
    const { taken: count } = api.counters();
    const taken = api.taken();
    const fresh = count === seen ? [] : taken.slice(-(count - seen));
    seen = count;
    if (isQuiet) continue;
    for (const message of fresh) {
      const { id, from, to, text } = message;
      out(isJson ? jsonLine({ ...message }) : `${from} → ${to}  id ${id}  ${JSON.stringify(text)}`);
    }
  }
}
