// The walls of the house. test/unit/boundaries.test.ts plants a violation of each and expects it to be found.
const only = (name, comment, from, allowed) => ({
  name,
  comment,
  severity: "error",
  from: { path: from },
  to: { path: "^(src/|node_modules/)", pathNot: allowed },
});

module.exports = {
  forbidden: [
    {
      name: "no-circular",
      comment: "A ring of imports has no reading order, of types neither.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    only("pure-domain", "domain imports nothing but itself.", "^src/domain/", ["^src/domain/"]),
    only("pure-memory", "memory knows nothing of what it keeps.", "^src/memory/", ["^src/memory/"]),
    only(
      "pure-observability",
      "Clock, logger and counters know nothing of what they are for; the service's metrics are in compose.",
      "^src/observability/",
      ["^src/observability/", "^node_modules/"],
    ),
    only("pure-encoding", "encoding imports domain and itself.", "^src/encoding/", [
      "^src/(domain|encoding)/",
    ]),
    only("pure-routing", "routing imports domain, encoding and itself.", "^src/routing/", [
      "^src/(domain|encoding|routing)/",
    ]),
    only(
      "pure-policy",
      "The rules of accounts import domain and themselves; numbers ask libphonenumber.",
      "^src/policy/",
      ["^src/(domain|policy)/", "^node_modules/libphonenumber-js/"],
    ),
    only("pure-smpp", "The protocol library knows no part of the service.", "^src/smpp/", [
      "^src/(domain|memory|smpp)/",
      "^src/observability/clock",
    ]),
    only(
      "smsc-stands-alone",
      "The simulator is a peer: it shares the protocol and the encoding only.",
      "^src/smsc/",
      ["^src/(domain|encoding|memory|smpp|smsc)/", "^src/observability/clock", "^node_modules/"],
    ),
    only(
      "client-stands-alone",
      "The client that ships is for other programs: it knows the contract and gRPC, no part of the service.",
      "^src/client/",
      ["^src/(client|gen)/", "^node_modules/(@grpc|nice-grpc)"],
    ),
    only("store-knows-pure-parts", "The store is asked by others, and knows none of them.", "^src/store/", [
      "^src/(domain|encoding|memory|observability|routing|store)/",
      "^node_modules/",
    ]),
    {
      name: "store-knows-no-adapter",
      comment: "What both databases share knows neither.",
      severity: "error",
      from: { path: "^src/store/[^/]+$" },
      to: { path: "^src/store/[^/]+/", pathNot: "^src/store/(records|migrations)/" },
    },
    only(
      "gateways-know-pure-parts",
      "A gateway sends what it is handed: it knows no store, no use case and no door.",
      "^src/gateways/",
      ["^src/(domain|encoding|memory|observability|smpp|gateways)/", "^node_modules/"],
    ),
    {
      name: "gateway-knows-no-adapter",
      comment: "The port knows none of its adapters.",
      severity: "error",
      from: { path: "^src/gateways/[^/]+$" },
      to: { path: "^src/gateways/[^/]+/" },
    },
    {
      name: "kinds-know-adapters",
      comment: "A kind of gateway is one file that knows its adapter, and the pool knows none.",
      severity: "error",
      from: { path: "^src/compose", pathNot: "^src/compose/gateways/([^/]+-kind|bind-proof)\\.ts$" },
      to: { path: "^src/gateways/[^/]+/" },
    },
    {
      name: "adapters-apart",
      comment: "Adapters never import adapters; only compose knows them.",
      severity: "error",
      from: { path: "^src/(?:store|gateways)/([^/]+)/" },
      to: {
        path: "^src/(?:store|gateways)/[^/]+/",
        pathNot: ["^src/(?:store|gateways)/$1/", "^src/store/(records|migrations)/"],
      },
    },
    only(
      "cold-records",
      "Records are cold data, written once: they know no adapter, and nothing of hot rows.",
      "^src/store/records/",
      ["^src/(domain|store/records)/"],
    ),
    {
      name: "records-for-types",
      comment: "Whoever is not the store drives no step: it asks the port, and takes types from the records.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/store/" },
      to: { path: "^src/store/records/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "adapters-behind-ports",
      comment: "Nobody but compose reaches into an adapter.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(compose|store/|gateways/)" },
      to: { path: "^src/(store|gateways)/(?!records/)[^/]+/" },
    },
    {
      name: "grpc-at-the-door",
      comment: "Generated code and gRPC live in rpc, in the client that ships, and in the command line's.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(rpc|cli|client|gen)/" },
      to: { path: "^src/gen/|^node_modules/(@grpc|nice-grpc)" },
    },
    {
      name: "app-knows-ports",
      comment: "Use cases know ports, dispatch and the pure parts, no door.",
      severity: "error",
      from: { path: "^src/(app|dispatch)/" },
      to: { path: "^src/(rpc|http|cli|client|config|compose|main|smpp|smsc)" },
    },
    {
      name: "dispatch-knows-no-use-case",
      comment: "Use cases may ask dispatch; it goes on by itself and knows none of them.",
      severity: "error",
      from: { path: "^src/dispatch/" },
      to: { path: "^src/app/" },
    },
    only(
      "rpc-asks-use-cases",
      "The gRPC API asks use cases: what becomes of a message is none of its business.",
      "^src/rpc/",
      ["^src/(app|domain|encoding|gen|memory|observability|routing|rpc|store)/", "^node_modules/"],
    ),
    only("http-knows-no-service", "The HTTP door is handed what it answers.", "^src/http/", [
      "^src/(http|observability)/",
      "^node_modules/",
    ]),
    only("config-knows-pure-parts", "The configuration is read before there is a service.", "^src/config/", [
      "^src/(config|domain|encoding|policy|routing)/",
      "^node_modules/",
    ]),
    only(
      "cli-is-a-client",
      "The command line speaks gRPC to a service, or has compose start one: it knows nothing that is inside.",
      "^src/cli/",
      [
        "^src/(cli|client|compose|config|domain|gen|observability|smsc)/",
        "^src/(compose|store/[^/]+)\\.ts$",
        "^node_modules/",
      ],
    ),
    {
      name: "calls-know-no-feature",
      comment: "What all doors or features share knows none of the features behind it.",
      severity: "error",
      from: { path: "^src/app/(calls/|followed)" },
      to: { path: "^src/app/", pathNot: "^src/app/(calls/|followed)" },
    },
    {
      name: "features-apart",
      comment:
        "A feature knows what all share, and no other; reports know the subscriptions that they are read by.",
      severity: "error",
      from: { path: "^src/app/(?!reports/)([^/]+)/" },
      to: { path: "^src/app/", pathNot: ["^src/app/$1/", "^src/app/(calls/|followed)"] },
    },
    {
      name: "reports-know-subscriptions",
      comment: "Reports know the subscriptions that they are read by, and no other feature.",
      severity: "error",
      from: { path: "^src/app/reports/" },
      to: { path: "^src/app/", pathNot: "^src/app/(reports/|subscriptions/|calls/|followed)" },
    },
    {
      name: "doors-by-feature",
      comment: "A feature's calls know its use cases and what all calls share, and no other feature.",
      severity: "error",
      from: { path: "^src/rpc/(?!calls/|translate/|server/|gateways/|reports/)([^/]+)/" },
      to: {
        path: "^src/(app|rpc)/",
        pathNot: ["^src/(app|rpc)/$1/", "^src/app/calls/", "^src/rpc/(calls|translate)/"],
      },
    },
    {
      name: "doors-of-two-features",
      comment: "ExplainRoute takes a message as SendSms does, and reports are read by subscriptions.",
      severity: "error",
      from: { path: "^src/rpc/(gateways|reports)/" },
      to: {
        path: "^src/(app|rpc)/",
        pathNot: [
          "^src/(app|rpc)/$1/",
          "^src/app/calls/",
          "^src/rpc/(calls|translate)/",
          "^src/(app|rpc)/(sending|subscriptions)/",
        ],
      },
    },
    {
      name: "shared-by-all-calls",
      comment: "What every call goes through knows no feature.",
      severity: "error",
      from: { path: "^src/rpc/(calls|translate)/" },
      to: { path: "^src/(app|rpc)/", pathNot: ["^src/app/calls/", "^src/rpc/(calls|translate)/"] },
    },
    {
      name: "not-to-dev-dependency",
      comment: "What ships may not need what is not shipped.",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default"],
    },
  },
};
