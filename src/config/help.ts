/**
 * The help text of the command, made from the settings.
 */
import { settings } from "./settings.js";

export function helpText(): string {
  const rows = Object.values(settings).map((setting) => {
    const left = `  --${setting.flag} ${setting.value}`;
    const standard = setting.default === undefined ? "" : ` (default ${setting.default})`;
    return `${left.padEnd(34)}${setting.meaning}${standard}\n${" ".repeat(34)}${setting.env}`;
  });
  return `meeting-signaler: a WebRTC meeting signaler for one machine or many

Usage: meeting-signaler serve [flags]
       meeting-signaler token --user ID --room ROOM [--room ROOM] [--role member|host] [--ttl 1h] [--profile JSON]
       meeting-signaler token --check TOKEN
       meeting-signaler --help | --version

Tokens are signed and checked by the configuration in the environment; a room may be a pattern such as team-*.

Flags of serve, each with the environment variable that it wins over:
${rows.join("\n")}

Exit codes: 0 closed as asked, 1 failed, 2 configuration not accepted.

Examples:
  One node by itself, at http://localhost:18080:
    meeting-signaler serve

  A node of a cluster; start as many as you like against one Redis:
    REDIS_URL=redis://localhost:6379 meeting-signaler serve --port 18081

  Only those with a token, and a token for one:
    export SIGNALER_JWT_SECRET=$(openssl rand -hex 32)
    meeting-signaler serve
    meeting-signaler token --user alice --room standup --role host --ttl 8h

  Rooms of at most 12, for pages of one site:
    meeting-signaler serve --room-capacity 12 --origins https://meet.example.com
`;
}
