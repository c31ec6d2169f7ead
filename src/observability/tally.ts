/** Counters that cost a map look-up to raise; they become Prometheus counters when somebody asks for the figures. */
import { Counter, type Registry } from "prom-client";

export interface Tally {
  /** Adds `amount` under the label values, in the order of the tally's labels; adding 0 shows them from then on. */
  add(amount: number, ...labelValues: readonly string[]): void;
  /** The figure under the label values; 0 where nothing was counted. */
  value(...labelValues: readonly string[]): number;
}

export interface TallyOptions {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly registry: Registry;
  /** Label values that are shown as 0 before they are first counted. */
  readonly start?: readonly (readonly string[])[];
}

const separator = "\u0000";

/** Makes a tally and registers its Prometheus counter. */
export function createTally(options: TallyOptions): Tally {
  const figures = new Map<string, number>();
  for (const values of options.start ?? (options.labels.length === 0 ? [[]] : [])) {
    figures.set(values.join(separator), 0);
  }
  const counter = new Counter({
    name: options.name,
    help: options.help,
    labelNames: [...options.labels],
    registers: [options.registry],
    collect() {
      counter.reset();
      for (const [key, figure] of figures) {
        const values = options.labels.length === 0 ? [] : key.split(separator);
        counter.labels(...values).inc(figure);
      }
    },
  });
  return {
    add(amount, ...labelValues) {
      const key = labelValues.length === 1 ? String(labelValues[0]) : labelValues.join(separator);
      figures.set(key, (figures.get(key) ?? 0) + amount);
    },
    value: (...labelValues) => figures.get(labelValues.join(separator)) ?? 0,
  };
}
