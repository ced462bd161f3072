// Node-RED as a service: no editor, no projects, quiet.
module.exports = {
  flowFile: "flows.json",
  credentialSecret: false,
  disableEditor: true,
  httpAdminRoot: false,
  httpNodeRoot: false,
  uiHost: "127.0.0.1",
  uiPort: Number(process.env.UI_PORT || 0),
  contextStorage: { default: { module: "memory" } },
  logging: { console: { level: "warn", metrics: false, audit: false } },
  telemetry: { enabled: false },
};
