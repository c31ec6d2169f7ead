/** The same figures as OpenMetrics, which Prometheus asks for by itself: a counter's family has no `_total`, no line is empty, and the end is told. */

/** Whether a reader's `accept` header names the format that is made here. */
export function prefersOpenMetrics(accept: string): boolean {
  return accept
    .split(",")
    .map((range) => range.toLowerCase().replaceAll(" ", ""))
    .some((range) => range.startsWith("application/openmetrics-text") && !/;q=0(\.0*)?$/.test(range));
}

/** Made of the Prometheus text format. */
export function openMetricsOf(text: string): { readonly contentType: string; readonly text: string } {
  const counters = new Set([...text.matchAll(/^# TYPE (\S+)_total counter$/gm)].map((match) => match[1]));
  const families = text
    .replace(/^# (HELP|TYPE) (\S+)_total /gm, (line, word: string, family: string) =>
      counters.has(family) ? `# ${word} ${family} ` : line,
    )
    .replace(/\n{2,}/g, "\n");
  return {
    contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
    text: `${families.trimEnd()}\n# EOF\n`,
  };
}
