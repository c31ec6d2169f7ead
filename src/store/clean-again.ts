/** Cleaning behind a mark that walks through ids: ids are made before their messages commit, so some messages commit below the mark. */
import type { Retention } from "./cleaning.ts";

/** No message commits later than this after its id was made. */
const lateCommitMs = 3_600_000;

interface MarkedStage {
  readonly name: string;
  readonly age: (retention: Retention) => number;
  readonly isWanted?: (retention: Retention) => boolean;
}

/**
 * The same stage with a mark of its own that follows an hour behind, where the first one is nearer than that. It finds what has committed
 * below the first mark, and passes over what that one has done.
 */
export function afterLateCommits<Stage extends MarkedStage>(stage: Stage): Stage {
  return {
    ...stage,
    name: `${stage.name} again`,
    age: (retention) => Math.max(stage.age(retention), lateCommitMs),
    isWanted: (retention) => stage.age(retention) < lateCommitMs,
  };
}
