/**
 * Judges a trace of system calls (strace -f -yy -ttt): whether each message was on disk before its answer left. A write of
 * the WAL that holds the message's id must have ended, then an fdatasync of the WAL must have begun and ended, and only
 * then may the answer with that id be written to the socket.
 */

interface SystemCall {
  readonly name: string;
  /** The file or socket, as `-yy` names it. */
  readonly target: string;
  readonly text: string;
  readonly begin: number;
  readonly end: number;
  readonly result: string;
}

export type DurabilityFault =
  | { readonly messageId: string; readonly fault: "never written to the WAL" }
  | { readonly messageId: string; readonly fault: "never answered" }
  | { readonly messageId: string; readonly fault: "answered before an fdatasync of the WAL had ended" };

/** The faults of a trace; empty where every message was durable in time. */
export function durabilityFaults(trace: string, messageIds: readonly string[]): readonly DurabilityFault[] {
  const calls = parseTrace(trace);
  const walWrites = calls.filter((call) => call.name.startsWith("pwrite") && call.target.endsWith("-wal"));
  const syncs = calls.filter(
    (call) => /^f(data)?sync$/.test(call.name) && call.target.endsWith("-wal") && call.result === "0",
  );
  const answers = calls.filter((call) => call.target.startsWith("TCP:"));
  return messageIds.flatMap((messageId): readonly DurabilityFault[] => {
    const write = walWrites.find((call) => call.text.includes(messageId));
    const answer = answers.find((call) => call.text.includes(messageId));
    if (write === undefined) return [{ messageId, fault: "never written to the WAL" }];
    if (answer === undefined) return [{ messageId, fault: "never answered" }];
    const isDurable = syncs.some((sync) => sync.begin >= write.end && sync.end <= answer.begin);
    return isDurable ? [] : [{ messageId, fault: "answered before an fdatasync of the WAL had ended" }];
  });
}

/** Behind the file stand a comma, the closing bracket, or, where the call is interrupted, a blank. */
const callForm = /^(\d+) +(\d+\.\d+) (\w+)\((?:\d+<(.*?)>[,) ])?(.*)$/;
const resumedForm = /^(\d+) +(\d+\.\d+) <\.\.\. (\w+) resumed>(.*)$/;

/** Calls in the order of their ends; one that another thread interrupts stands in two lines. */
function parseTrace(trace: string): readonly SystemCall[] {
  const calls: SystemCall[] = [];
  const unfinished = new Map<string, Omit<SystemCall, "end" | "result">>();
  for (const line of trace.split("\n")) {
    const resumed = resumedForm.exec(line);
    if (resumed !== null) {
      const [, thread = "", time = "", , rest = ""] = resumed;
      const begun = unfinished.get(thread);
      unfinished.delete(thread);
      if (begun !== undefined) calls.push({ ...begun, end: Number(time), result: resultOf(rest) });
      continue;
    }
    const [, thread = "", time = "", name = "", target = "", text = ""] = callForm.exec(line) ?? [];
    if (name === "") continue;
    const call = { name, target, text, begin: Number(time) };
    if (text.endsWith("<unfinished ...>")) unfinished.set(thread, call);
    // A call that nothing interrupts has one time; what follows on another thread comes after it in the file as well.
    else calls.push({ ...call, end: call.begin, result: resultOf(text) });
  }
  return calls;
}

function resultOf(text: string): string {
  return / = (-?\w+)[^=]*$/.exec(text)?.[1] ?? "";
}
