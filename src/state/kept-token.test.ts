import { expect, test } from 'vitest';
import { parseToken, tokenText } from './kept-token';

test('a token is remembered with whom it is for', () => {
  const token = { origin: 'https://hub.example', token: 'hf_abc' };
  expect(parseToken(tokenText(token))).toEqual(token);
});

test('a token alone was entered for the Hugging Face hub', () => {
  expect(parseToken('hf_abc')).toEqual({ origin: 'https://huggingface.co', token: 'hf_abc' });
});

test.each([
  null,
  '',
  '{',
  '{}',
  '{"token": "hf_abc"}',
  '{"origin": "http://hub.example", "token": "hf_abc"}',
  '{"origin": "https://hub.example/path", "token": "hf_abc"}',
  '{"origin": "https://hub.example", "token": ""}',
  '{"origin": "https://hub.example", "token": 5}',
])('%s is none', (text) => expect(parseToken(text)).toBeUndefined());
