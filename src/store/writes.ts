/** Hands operations to the group commit by their kind, and hands their outcomes back. */
import type { GroupCommit, WriteEntry } from "./group-commit.ts";
import type { OperationOf, Signature } from "./write-steps.ts";

/** What an operation counts in a batch; one row that is neither urgent nor new work, where nothing is said. */
export type Weight = Partial<Omit<WriteEntry<unknown>, "operation">>;

type StepsOf<Steps> = { readonly [Kind in keyof Steps]: Signature<unknown, unknown> };

export interface Writes<Steps extends StepsOf<Steps>> {
  write<Kind extends keyof Steps>(
    kind: Kind,
    input: Steps[Kind]["input"],
    weight?: Weight,
  ): Promise<Steps[Kind]["outcome"]>;
  writeAll<Kind extends keyof Steps>(
    kind: Kind,
    inputs: readonly Steps[Kind]["input"][],
    weigh?: (input: Steps[Kind]["input"]) => Weight,
  ): Promise<readonly Steps[Kind]["outcome"][]>;
}

const weighNothing = (): Weight => ({});

export function createWrites<Steps extends StepsOf<Steps>>(
  commits: Pick<GroupCommit<OperationOf<Steps>, unknown>, "submit">,
): Writes<Steps> {
  function writeAll<Kind extends keyof Steps>(
    kind: Kind,
    inputs: readonly Steps[Kind]["input"][],
    weigh: (input: Steps[Kind]["input"]) => Weight = weighNothing,
  ): Promise<readonly Steps[Kind]["outcome"][]> {
    const entries = inputs.map((input) => {
      const { rows = 1, isUrgent = false, isNewWork = false } = weigh(input);
      // The pair is one of the union by its types, which TypeScript does not see through a type parameter.
      const operation = { kind, input } as unknown as OperationOf<Steps>;
      return { operation, rows, isUrgent, isNewWork };
    });
    return commits.submit(entries);
  }
  return {
    writeAll,
    async write(kind, input, weight = {}) {
      const [outcome] = await writeAll(kind, [input], () => weight);
      return outcome;
    },
  };
}
