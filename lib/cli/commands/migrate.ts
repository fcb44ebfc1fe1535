import { command } from '../command.js';
import { option } from '../values.js';

export const migrate = command<{ dryRun?: true }>({
  name: 'migrate',
  summary: "Creates or upgrades the log's tables.",
  details:
    "Whatever the option 'schema' says, and safe beside processes of the release before: migrations only add. To take one back, use " +
    'the migrations of your own DataSource (EVENT_SOURCING_MIGRATIONS).',
  options: [option('--dry-run', 'tell what is missing, with its SQL, and change nothing')],
  examples: ['migrate --dry-run', 'migrate'],
  async run({ tools: { tables }, options: { dryRun = false }, out }) {
    const migrations = dryRun
      ? await tables.missing()
      : await tables.migrate({ onProgress: (line) => out.say(line) });
    await out.document({ applied: !dryRun, migrations }, () => {
      if (migrations.length === 0) return ['The tables are up to date.'];
      const names = migrations.map(({ version, name }) => `${version} (${name})`).join(', ');
      if (!dryRun) return [`Applied: ${names}.`];
      const sql = migrations.flatMap(({ statements }) =>
        statements.map((statement) => `${statement.trim()};`),
      );
      return [`-- Missing: ${names}.`, ...sql];
    });
  },
});
