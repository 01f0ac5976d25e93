import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { outsideData, postgresPlace } from './postgres-user.js';
import { temporaryFolder } from './testing/temporary-folder.js';

describe('whom PostgreSQL runs as, and where', () => {
  const folder = temporaryFolder();

  it('given any user but root, then it runs as that user, from the package, and the folder of its data is made', () => {
    expect(postgresPlace('/program', folder('home', 'postgres'), false)).toEqual({
      program: '/program',
      data: folder('home', 'postgres'),
    });
    expect(existsSync(folder('home', 'postgres'))).toBe(true);
  });

  it('given data that cannot be in the home, then each home has a place of its own for it', () => {
    expect(outsideData('/home/one/postgres')).toMatch(/^\/var\/lib\/postduif\/[0-9a-f]{16}$/);
    expect(outsideData('/home/one/postgres')).not.toBe(outsideData('/home/two/postgres'));
  });
});
