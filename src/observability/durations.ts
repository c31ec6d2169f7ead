/**
 * Histograms of durations by one label that cost a map look-up and a short search to raise, and no allocation; they become Prometheus
 * histograms when somebody asks for the figures.
 */
import type { Metric, Registry } from "prom-client";

export interface Durations {
  /** Counts one; below 0, where two clocks differ, is 0. */
  observe(seconds: number, labelValue: string): void;
  /** Shows the label value with nothing counted. */
  start(labelValue: string): void;
}

export interface DurationsOptions {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  /** Upper bounds of the buckets in seconds, ascending; one without a bound follows by itself. */
  readonly bounds: readonly number[];
  readonly registry: Registry;
}

/** Not summed up yet: how many fell into each bucket, then beyond the last, then the sum of all. */
type Figures = Float64Array;

/** Makes the histograms and registers them under one name. */
export function createDurations({ name, help, label, bounds, registry }: DurationsOptions): Durations {
  const byValue = new Map<string, Figures>();
  const sumAt = bounds.length + 1;

  function figuresOf(labelValue: string): Figures {
    let figures = byValue.get(labelValue);
    if (figures === undefined) {
      figures = new Float64Array(bounds.length + 2);
      byValue.set(labelValue, figures);
    }
    return figures;
  }

  function* shown() {
    for (const [labelValue, figures] of byValue) {
      let count = 0;
      for (let at = 0; at < sumAt; at++) {
        count += figures[at] ?? 0;
        const labels = { le: bounds[at] ?? "+Inf", [label]: labelValue };
        yield { metricName: `${name}_bucket`, labels, value: count };
      }
      const labels = { [label]: labelValue };
      yield { metricName: `${name}_sum`, labels, value: figures[sumAt] ?? 0 };
      yield { metricName: `${name}_count`, labels, value: count };
    }
  }

  // All that a registry asks of a metric; its own class cannot take over what was counted elsewhere.
  const metric = {
    name,
    get: async () => ({ name, help, type: "histogram", aggregator: "sum", values: [...shown()] }),
    reset: () => byValue.clear(),
  };
  registry.registerMetric(metric as unknown as Metric<string>);

  return {
    observe(seconds, labelValue) {
      const figures = figuresOf(labelValue);
      const duration = seconds > 0 ? seconds : 0;
      let at = 0;
      while (at < bounds.length && duration > (bounds[at] ?? 0)) at++;
      figures[at] = (figures[at] ?? 0) + 1;
      figures[sumAt] = (figures[sumAt] ?? 0) + duration;
    },
    start(labelValue) {
      figuresOf(labelValue);
    },
  };
}
