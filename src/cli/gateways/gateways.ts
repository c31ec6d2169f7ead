/** `sms-relay gateways`: lists gateways, pauses and resumes them, and explains routes, for operators. */
import type { Command } from "commander";
import { Gateway, type GatewayReplica, gatewayStateToJSON } from "../../gen/smsrelay/v1/gateway.ts";
import { ExplainRouteResponse } from "../../gen/smsrelay/v1/gateway_service.ts";
import { allPages } from "../client/all-pages.ts";
import { type ClientOptions, withClient, withClientOptions } from "../client/client.ts";
import { type CliContext, usageFault } from "../context.ts";
import { routeReasonName } from "../output/names.ts";
import { bareName, countText, factsText, tableText } from "../output/output.ts";
import { type Listing, printList } from "../output/print-list.ts";
import { protobufJson } from "../output/protobuf-json.ts";
import { type RuleOptions, rulePart, withRuleOptions } from "../sending/message-options.ts";

interface PauseOptions extends ClientOptions {
  readonly reason: string;
}

interface ExplainOptions extends ClientOptions, RuleOptions {
  readonly to: string;
  readonly from: string;
  readonly text?: string;
  readonly premium?: boolean;
  readonly account?: string;
  readonly delivery?: string;
}

const examples = `
Examples:
  sms-relay gateways
  sms-relay gateways pause north --reason "maintenance until noon"
  sms-relay gateways resume north
  sms-relay gateways explain --to +46701234567 --from ACME`;

/** Adds the commands. */
export function defineGateways(program: Command, context: CliContext): void {
  const gateways = program
    .command("gateways")
    .description("Looks at gateways, pauses and resumes them, explains routes. Wants an operator's key.")
    .addHelpText("after", examples);

  const list = gateways
    .command("list", { isDefault: true })
    .description("Lists gateways by priority; so does `gateways` alone.")
    // A misspelt command comes here too, as an argument of the default one.
    .argument("[unknown...]")
    .usage("[options]")
    .action(([unknown]: readonly string[], options: ClientOptions) => {
      if (unknown === undefined) return listGateways(options, context);
      throw usageFault(`gateways has no command ${unknown}; it has list, pause, resume and explain.`);
    });
  const pause = gateways
    .command("pause")
    .description("Stops using a gateway until it is resumed, across restarts.")
    .argument("<gateway>", "its id")
    .option("--reason <text>", "why, for other operators", "")
    .action(async (gatewayId: string, options: PauseOptions) => {
      const { gateway } = await withClient(options, context, "operator", (client) =>
        client.gateways.pauseGateway({ gatewayId, reason: options.reason }, client.callOptions()),
      );
      await printList([gateway], listing, options, context);
    });
  const resume = gateways
    .command("resume")
    .description("Uses a gateway again, also after its password was refused.")
    .argument("<gateway>", "its id")
    .action(async (gatewayId: string, options: ClientOptions) => {
      const { gateway } = await withClient(options, context, "operator", (client) =>
        client.gateways.resumeGateway({ gatewayId }, client.callOptions()),
      );
      await printList([gateway], listing, options, context);
    });
  const explain = gateways
    .command("explain")
    .description("Tells for each gateway why it would be used for a message, or not; sends nothing.")
    .requiredOption("--to <number>", "recipient in E.164 form")
    .option("--from <sender>", "the sender", "INFO")
    .option("--text <text>", "the text; a short one in the default alphabet where absent")
    .option("--premium", "with premium gateways first")
    .option("--account <id>", "for this account (default: the key's)")
    .option(
      "--delivery <id>",
      "among gateways of one priority choose as for this delivery; the message is what the other options say",
    )
    .action((options: ExplainOptions) => explainRoute(options, context));
  for (const command of [list, pause, resume, withRuleOptions(explain)]) withClientOptions(command);
}

async function listGateways(options: ClientOptions, context: CliContext): Promise<void> {
  const found = await withClient(options, context, "operator", (client) =>
    allPages(async (page) => {
      const answer = await client.gateways.listGateways(page, client.callOptions());
      return [answer.gateways, answer.nextPageToken];
    }),
  );
  await printList(found, listing, options, context);
}

const listing: Listing<Gateway> = {
  name: "Gateway",
  type: Gateway,
  head: [
    "gateway",
    "state",
    "priority",
    "weight",
    "sessions",
    "window",
    "rate",
    "waiting",
    "kind",
    "remarks",
  ],
  rowsOf: (one) => [rowOf(one), ...one.replicas.map(replicaRowOf)],
  none: "No gateway is configured.",
};

function rowOf(one: Gateway): readonly string[] {
  return [
    one.gatewayId,
    bareName(gatewayStateToJSON(one.state), "GATEWAY_STATE"),
    String(one.priority),
    String(one.weight),
    `${one.boundSessionCount}/${one.sessionCount}`,
    `${one.inFlightCount}/${one.windowSize}`,
    rateText(one),
    countText(one.waitingCount),
    one.kind,
    [one.premium ? "premium" : "", isSlowedDown(one) ? "slowed down" : "", one.stateDescription]
      .filter((fact) => fact !== "")
      .join(", "),
  ];
}

/** One replica's share of the gateway in the row above. */
function replicaRowOf(one: GatewayReplica): readonly string[] {
  return [
    `  at ${one.replicaId}`,
    bareName(gatewayStateToJSON(one.state), "GATEWAY_STATE"),
    "",
    "",
    `${one.boundSessionCount}/${one.sessionCount}`,
    `${one.inFlightCount}/${one.windowSize}`,
    one.currentPdusPerSecond?.toFixed(1) ?? "",
    "",
    "",
    one.stateDescription,
  ];
}

/** Throttling lowers the present rate. */
const isSlowedDown = ({ currentPdusPerSecond: current, configuredPdusPerSecond: configured }: Gateway) =>
  current !== undefined && (configured === undefined || current < configured);

/** `40.0/50` PDUs a second, now and at most. */
function rateText(gateway: Gateway): string {
  const { currentPdusPerSecond: current, configuredPdusPerSecond: configured } = gateway;
  const shown = current ?? configured;
  return shown === undefined ? "none" : `${shown.toFixed(1)}/${configured ?? "none"}`;
}

async function explainRoute(options: ExplainOptions, context: CliContext): Promise<void> {
  const response = await withClient(options, context, "operator", (client) =>
    client.gateways.explainRoute(
      {
        message: {
          recipients: [options.to],
          sender: options.from,
          ...(options.text !== undefined && { content: { $case: "text", value: options.text } }),
          premium: options.premium ?? false,
          ...rulePart(options),
        },
        accountId: options.account ?? "",
        deliveryId: options.delivery ?? "",
      },
      client.callOptions(),
    ),
  );
  if (options.json === true) {
    const json = await protobufJson("ExplainRouteResponse", ExplainRouteResponse);
    return context.out(json(response));
  }
  context.out(
    factsText([
      ["country", response.regionCode || "unknown"],
      ["delivery", response.deliveryId],
      ["refused by", response.rule],
    ]),
  );
  const rows = response.candidates.map((one) => [
    one.rank === 0 ? "-" : String(one.rank),
    one.gatewayId,
    one.rank === 0 ? "left out" : one.ready ? "can send" : "waits",
    routeReasonName(one.reason),
    one.rank === 0 ? "" : String(one.segmentCount),
  ]);
  context.out(`\n${tableText(["rank", "gateway", "now", "reason", "segments"], rows)}`);
}
