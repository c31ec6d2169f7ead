/** `sms-relay cancel`: takes back what is not on its way yet. */
import type { Command } from "commander";
import { CancelSmsResponse, cancelResultToJSON } from "../../gen/smsrelay/v1/sms_service.ts";
import { type ClientOptions, withClient, withClientOptions } from "../client/client.ts";
import type { CliContext } from "../context.ts";
import { stateName } from "../output/names.ts";
import { bareName, tableText } from "../output/output.ts";
import { protobufJson } from "../output/protobuf-json.ts";

/** Adds the command. */
export function defineCancel(program: Command, context: CliContext): void {
  const command = program
    .command("cancel")
    .description("Cancels what of a message is not on its way yet.")
    .argument("<message-id>", "the id that send answered")
    .addHelpText("after", "\nExample:\n  sms-relay cancel 018f2b6e-7c1a-7d55-8f0e-3a1b2c3d4e5f")
    .action(async (messageId: string, options: ClientOptions) => {
      const response = await withClient(options, context, "default", (client) =>
        client.sms.cancelSms({ messageId }, client.callOptions()),
      );
      if (options.json === true) {
        const json = await protobufJson("CancelSmsResponse", CancelSmsResponse);
        return context.out(json(response));
      }
      const rows = response.outcomes.map((one) => [
        one.recipient,
        bareName(cancelResultToJSON(one.result), "CANCEL_RESULT"),
        stateName(one.state),
      ]);
      return context.out(tableText(["recipient", "result", "state"], rows));
    });
  withClientOptions(command);
}
