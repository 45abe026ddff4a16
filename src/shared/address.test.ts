import { expect, test } from 'vitest';
import { withoutQueries, withoutQuery } from './address';
import { KinoraError } from './errors';

const signed = 'https://example.org/model/unet/config.json?X-Amz-Signature=SECRET&X-Amz-Date=1#SECRET';

test.each([
  [signed, 'https://example.org/model/unet/config.json'],
  ['HTTPS://user:SECRET@example.org/model/', 'HTTPS://example.org/model/'],
  ['https://user:SEC@RET@example.org', 'https://example.org'],
  ['https://example.org?SECRET', 'https://example.org'],
  ['https://example.org/a model?SECRET key\nSECRET', 'https://example.org/a model'],
  ['https://example.org/owner/name@main/', 'https://example.org/owner/name@main/'],
  // none of these is ever sent anywhere
  ['models/moving-shapes?v=5', 'models/moving-shapes?v=5'],
  ['folder:why?/1-2.3-4', 'folder:why?/1-2.3-4'],
])('%j is shown as %j', (address, shown) => expect(withoutQuery(address)).toBe(shown));

test('a text keeps everything but the queries of its addresses', () => {
  expect(withoutQueries(`No answer from ${signed}. Was it "${signed}", or ${signed} ?`)).toBe(
    'No answer from https://example.org/model/unet/config.json Was it "https://example.org/model/unet/config.json", ' +
      'or https://example.org/model/unet/config.json ?',
  );
  expect(withoutQueries('Why? See https://example.org/, or example.org?')).toBe(
    'Why? See https://example.org/, or example.org?',
  );
});

test('no error repeats a query, neither in its message nor in its stack', () => {
  const error = new KinoraError('network', `No answer from ${signed}.`);
  expect(error.message).toContain('https://example.org/model/unet/config.json');
  expect(error.message + error.stack).not.toContain('SECRET');
});
