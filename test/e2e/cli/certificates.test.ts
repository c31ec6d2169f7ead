/** The listener's certificate is renewed while the service runs, as ACME clients do it every few weeks. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { ChannelCredentials } from "@grpc/grpc-js";
import { expect, it, onTestFinished } from "vitest";
import { makeAuthority } from "../../support/authority.ts";
import { cli } from "../../support/cli.ts";
import { findFreePort } from "../../support/free-port.ts";
import { connectClients } from "../../support/rpc-client.ts";
import { OPERATOR_KEY, setUpService, startServiceProcess } from "../../support/service-process.ts";

function makeCertificate(folder: string, name: string, days: number): void {
  const files = ["-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.pem`)];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const subject = ["-subj", `/CN=${name}`, "-days", String(days)];
  execFileSync("openssl", ["req", "-x509", ...key, ...files, ...subject], { stdio: "ignore" });
}

function open(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: "127.0.0.1", port, rejectUnauthorized: false, ALPNProtocols: ["h2", "http/1.1"] },
      () => resolve(socket),
    );
    socket.on("error", reject);
  });
}

async function nameShown(port: number): Promise<unknown> {
  const socket = await open(port);
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return subject.CN;
}

it("SIGHUP shows new connections the renewed certificate, drops none that stands, and keeps the former one where the new pair is faulty", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sms-relay-certificates-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  makeCertificate(folder, "old", 1);
  makeCertificate(folder, "new", 30);
  const take = (certificate: string, key: string) => {
    copyFileSync(join(folder, `${certificate}.pem`), join(folder, "cert.pem"));
    copyFileSync(join(folder, `${key}.key`), join(folder, "key.pem"));
  };
  take("old", "old");
  const setup = await setUpService(folder, { logging: { level: "info" } });
  const config = JSON.parse(readFileSync(setup.configPath, "utf8"));
  const apiPort = await findFreePort();
  const tls = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  config.listen.grpc.tls = tls;
  config.listen.api = { port: apiPort, tls };
  writeFileSync(setup.configPath, JSON.stringify(config));
  await using service = await startServiceProcess(setup);
  const namesShown = async () => [await nameShown(setup.grpcPort), await nameShown(apiPort)];
  const endOf = async (label = "listener") => {
    const answer = await fetch(`http://127.0.0.1:${setup.httpPort}/metrics`);
    const name = `sms_relay_certificate_expiry_timestamp_seconds{certificate="${label}"} `;
    const line = (await answer.text()).split("\n").find((one) => one.startsWith(name));
    return Number(line?.slice(name.length));
  };
  const standing = await open(setup.grpcPort);
  let hasEnded = false;
  standing.once("close", () => {
    hasEnded = true;
  });
  expect(await namesShown()).toEqual(["old", "old"]);
  const firstEnd = await endOf();

  take("new", "old");
  service.kill("SIGHUP");
  await expect.poll(() => service.errorText()).toContain("everything stays as it is");
  expect(await namesShown()).toEqual(["old", "old"]);
  expect(await endOf()).toBe(firstEnd);

  take("new", "new");
  service.kill("SIGHUP");
  await expect.poll(namesShown).toEqual(["new", "new"]);
  for (const label of ["listener", "api-listener"])
    expect(await endOf(label)).toBeGreaterThan(firstEnd + 20 * 86_400);
  expect(hasEnded).toBe(false);
  standing.destroy();
});

it("an operator says at the command line whose certificate acts for whom, and a restart keeps that", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sms-relay-certificates-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  using authority = makeAuthority();
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const own = authority.sign("/CN=localhost", "DNS:localhost,IP:127.0.0.1");
  const clientCa = write("ca.pem", authority.ca);
  const setup = await setUpService(folder, {});
  const config = JSON.parse(readFileSync(setup.configPath, "utf8"));
  config.listen.grpc.tls = {
    cert: write("own.pem", own.cert),
    key: write("own.key", own.key),
    clientCa,
    clientCertificate: "optional",
  };
  writeFileSync(setup.configPath, JSON.stringify(config));
  const run = async (...argv: string[]) => {
    const at = ["--address", `127.0.0.1:${setup.grpcPort}`, "--ca", clientCa];
    const environment = { SMS_RELAY_KEY: OPERATOR_KEY };
    return cli([...argv, ...at], { workingDirectory: folder, environment });
  };
  {
    await using _service = await startServiceProcess(setup);
    const identity = ["certificate", "spiffe://example.com/till"];
    const set = await run("identities", "set", ...identity, "--account", "shop", "--scope", "read");
    expect(set).toMatchObject({ exitCode: 0, err: "" });
    const missing = await run("identities", "remove", "certificate", "CN=nobody");
    expect(missing.err).toContain("There is no CN=nobody of certificate");
  }
  await using _service = await startServiceProcess(setup);
  const { out } = await run("identities", "list");
  expect(out).toMatch(/certificate +.*spiffe:\/\/example\.com\/till +.*shop +.*READ/);
  const till = authority.sign("/CN=anything", "URI:spiffe://example.com/till");
  const tls = ChannelCredentials.createSsl(
    Buffer.from(authority.ca),
    Buffer.from(till.key),
    Buffer.from(till.cert),
  );
  using clients = connectClients(`localhost:${setup.grpcPort}`, undefined, {}, tls);
  expect((await clients.sms.listSms({})).sms).toEqual([]);
});
