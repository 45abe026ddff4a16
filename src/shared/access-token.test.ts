import { expect, test } from 'vitest';
import { modelAt, shippedModel, tokenOrigins } from '../catalogue/models';
import { canHaveToken, tokenOf } from './access-token';

test.each([
  'https://huggingface.co',
  'https://hub.example:8443',
  'http://localhost:8000',
  'http://127.0.0.1:8000',
  'http://[::1]:8000',
])('%s can have a token', (origin) => expect(canHaveToken(origin)).toBe(true));

test.each([
  'http://huggingface.co',
  'http://localhost.example.org',
  'http://127.0.0.1.example.org',
  'https://huggingface.co/',
  'https://huggingface.co/owner',
  'https://HUGGINGFACE.co',
  'https://user@huggingface.co',
  'ftp://localhost',
  'huggingface.co',
  'null',
  '',
])('"%s" cannot', (origin) => expect(canHaveToken(origin)).toBe(false));

test('a token is what can stand in a header', () => {
  expect(tokenOf(' hf_abc\n\u200bDEF…')).toBe('hf_abcDEF');
});

test('tokens are for the hubs of the models that are listed, and for no plain http', () => {
  const at = (origin: string) => modelAt(`${origin}/owner/name/resolve/main/`);
  const models = [
    shippedModel,
    at('https://b.example'),
    at('http://c.example'),
    at('https://b.example'),
    modelAt('https://d.example/'),
  ];
  expect(tokenOrigins(models)).toEqual(['https://huggingface.co', 'https://b.example']);
});

test('a query takes no model its page and its terms', () => {
  expect(modelAt('https://b.example/hub/owner/name/resolve/main/?X-Amz-Signature=SECRET')).toMatchObject({
    name: 'owner/name',
    terms: { page: 'https://b.example/hub/owner/name' },
  });
  expect(modelAt('https://b.example/folder/?X-Amz-Signature=SECRET').name).toBe('https://b.example/folder/');
});
