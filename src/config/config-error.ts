/** What is wrong with a configuration: every fault at once, each with its place and its rule. */

export interface ConfigProblem {
  /** `sms-relay.yaml:12:5`, or the variable's name. */
  readonly where: string;
  /** `gateways[0].port`; empty for the file as a whole. */
  readonly path: string;
  /** The rule that was broken; never a secret's value. */
  readonly rule: string;
}

export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(
      ({ where, path, rule }) => `${where}: ${path === "" ? "" : `${path} `}${rule}`,
    );
    super(lines.join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}
