import { ERASED, type PersonalClasses } from '../core/personal.js';
import type { ErasedPart } from '../payload/personal-values.js';
import type { PayloadOwner } from '../payload/payload-owner.js';
import { SubjectKeyring } from '../payload/subject-keyring.js';
import { SubjectSeal } from '../payload/subject-seal.js';
import type { SubjectKeyStore } from '../payload/subject-keys.js';
import type { ControlConnection } from '../store/db/control-connection.js';
import type { Database } from '../store/db/database.js';
import { PersonalEmissions } from '../store/log/personal-emissions.js';
import { PersonalRules } from '../store/log/personal-rules.js';
import { SubjectKeyTable } from '../store/log/subject-key-table.js';
import type { ResolvedOptions } from './options.js';

/** The keys that personal data is encrypted with. */
interface SubjectKeyParts {
  subjectKeys: SubjectKeyStore;
  keyring: SubjectKeyring;
  /** What stands for what was forgotten. */
  erased: (part: ErasedPart, owner: PayloadOwner) => unknown;
}

/** What is personal in the log. */
export interface PersonalParts extends Omit<SubjectKeyParts, 'erased'> {
  rules: PersonalRules;
  personal: PersonalEmissions;
  seal: SubjectSeal;
}

export function composeSubjectKeys(
  database: Database,
  control: ControlConnection,
  { forgetting }: ResolvedOptions,
): SubjectKeyParts {
  const { keys, masterKey, formerMasterKeys, keyCache, erased } = forgetting;
  const subjectKeys = keys ?? new SubjectKeyTable({ database, control, masterKey, formerMasterKeys });
  return {
    subjectKeys,
    keyring: new SubjectKeyring(subjectKeys, keyCache),
    erased: (part, { key, group }) => (erased ? erased({ ...part, key, group }) : ERASED),
  };
}

export function composePersonal(
  { subjectKeys, keyring, erased }: SubjectKeyParts,
  { personal: classes }: { personal: PersonalClasses },
  { forgetting: { personal, afterwards } }: ResolvedOptions,
): PersonalParts {
  const rules = new PersonalRules(personal, classes);
  return {
    subjectKeys,
    keyring,
    rules,
    personal: new PersonalEmissions({ rules, keys: subjectKeys, afterwards, erased }),
    seal: new SubjectSeal(keyring),
  };
}
