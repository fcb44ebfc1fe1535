import { command } from '../command.js';

export const forget = command({
  name: 'forget',
  summary: 'Forgets a person for good: nobody can read what is personal to them in any event.',
  details:
    'It destroys their key, and records that it was requested and done. It may be called again, also after a crash.',
  args: [['<subject>', 'the subject of their personal data']],
  examples: ['forget user:17', 'forget user:17 -y'],
  destroys: ([subject]) =>
    `This destroys the key of "${subject as string}": their personal data cannot be read again, by nobody.`,
  async run({ args: [subject], tools: { forgetting }, out }) {
    const report = await forgetting.forget(subject as string);
    await out.document(report, () => [
      report.requested ? `"${report.subject}" is forgotten.` : `"${report.subject}" was forgotten before.`,
    ]);
  },
});
