/** Keys that a database may take for each other, and must not. */
export const LOOK_ALIKES = [
  ['case', ['case-key', 'Case-key', 'CASE-KEY']],
  ['trailing spaces', ['space-key', 'space-key ', 'space-key  ']],
  ['other white space', ['white\tkey', 'white key', 'white\nkey', 'white\u00a0key']],
  ['accents', ['resume', 'résumé', 're\u0301sume\u0301']],
  ['letters that some collations expand', ['strasse', 'straße', 'ﬁle', 'file']],
  ['emoji', ['key 🙂', 'key 🙃', 'key 👩‍👩‍👧', 'key 👩']],
  ['SQL and patterns', ["it's", "it''s", 'a%b', 'a_b', 'a\\b', 'a\\\\b', '{a,"b"}', 'a?b', '\u001f"\\u0041']],
] as const;
