import type { Challenge } from '../../../sample-app/challenges/challenge.entity.js';
import { CHALLENGE_MAILS } from '../../../sample-app/challenges/mails/challenge-mails.js';
import { GROUPS } from '../../../sample-app/demo/expected-events.js';
import { asHtml, asText } from '../../../sample-app/mails/mail-content.js';

const challenge: Challenge = {
  id: 17,
  title: 'Bake & <b>Row</b>',
  isActive: true,
  startDate: '2026-03-01',
  endDate: '2026-04-01',
  user: { id: 1, name: "Ada O'Neill", email: 'ada@example.org' },
};

describe('The mails of a challenge', () => {
  it('are there for every event group', () => {
    expect(Object.keys(CHALLENGE_MAILS).sort()).toEqual([...GROUPS].sort());
  });

  it.each([
    [
      'challenge_created',
      'Your challenge "Bake & <b>Row</b>" is online',
      'It runs from 2026-03-01 to 2026-04-01.',
    ],
    ['challenge_inactivity_2d', 'Nobody has heard of "Bake & <b>Row</b>" yet', 'started on 2026-03-01'],
    ['challenge_ends_2d', '"Bake & <b>Row</b>" ends on 2026-04-01', 'is 2026-04-01.'],
    ['challenge_ended', '"Bake & <b>Row</b>" is over', 'ended on 2026-04-01'],
  ])('%s says what happened, in plain text', (group, subject, phrase) => {
    const mail = CHALLENGE_MAILS[group]!(challenge);
    expect(mail.subject).toBe(subject);
    expect(asText(mail)).toContain("Hello Ada O'Neill\n\n");
    expect(asText(mail)).toContain(phrase);
  });

  it.each(GROUPS)('%s escapes what people typed, in HTML', (group) => {
    const html = asHtml(CHALLENGE_MAILS[group]!(challenge));
    expect(html).toContain('<p>Hello Ada O&#39;Neill</p>');
    expect(html).toContain('&quot;Bake &amp; &lt;b&gt;Row&lt;/b&gt;&quot;');
    expect(html).not.toContain('<b>');
  });
});
