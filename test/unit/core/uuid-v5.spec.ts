import { NAMESPACE_URL, uuidV5 } from 'nestjs-once';

describe('a UUID of a name', () => {
  it('is that of RFC 9562, always the same', () => {
    expect(uuidV5('www.example.com', '6ba7b810-9dad-11d1-80b4-00c04fd430c8')).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    );
    expect(uuidV5('/dogs/Fido', NAMESPACE_URL)).toBe(uuidV5('/dogs/Fido', NAMESPACE_URL.toUpperCase()));
    expect(uuidV5('/dogs/Fido', NAMESPACE_URL)).not.toBe(uuidV5('/dogs/Rex', NAMESPACE_URL));
  });

  it('is refused in a namespace that is no UUID', () => {
    expect(() => uuidV5('a', 'dogs')).toThrow(/expected namespace to be a UUID, got "dogs"/);
  });
});
