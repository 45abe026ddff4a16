import fc from 'fast-check';
import { shippedModel } from '../../../src/catalogue/models';
import { parseSettings } from '../../../src/state/form';
import { modelAddress, storedId } from '../../../src/state/model-address';
import { hostileJson, hostileString, jsonLike } from '../inputs';
import { expect, target } from '../target';

// the page's own address is read where the module is loaded
Object.assign(globalThis, { document: { baseURI: 'https://kinora.example/' } });
const { readSwitches } = await import('../../../src/state/switches');

const word = fc.oneof(
  fc.constantFrom(
    'huggingface.co',
    'hf.co',
    'www.huggingface.co',
    'a.example:8080',
    '[::1]',
    'owner',
    'name',
    'tree',
    'resolve',
    'blob',
    'main',
    '..',
    '.',
    '',
  ),
  hostileString,
);
const typed = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc
    .tuple(fc.constantFrom('https://', 'http://', 'HTTPS:', 'javascript:', '', ' '), fc.array(word, { maxLength: 7 }))
    .map(([scheme, words]) => scheme + words.join('/')),
  fc.string({ unit: 'binary' }),
);

function isFolder(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.pathname.endsWith('/') &&
    url.hash === '' &&
    url.password === ''
  );
}

const settings = parseSettings(null, shippedModel);

export const page = [
  target(
    'switches',
    fc.array(
      fc.tuple(
        fc.constantFrom('device', 'dtype', 'memory', 'model', 'other'),
        fc.oneof(typed, fc.constantFrom('wasm', 'float16')),
      ),
    ),
    (pairs) => {
      const address = `https://kinora.example/app/?${new URLSearchParams(pairs.map(([name, value]) => [name, value]))}`;
      const { modelUrl, request } = readSwitches(address);
      expect(modelUrl === undefined || URL.canParse(modelUrl), `${modelUrl} is an address`);
      expect(['wasm', 'webgpu', 'auto'].includes(request.device), `${request.device} is a device`);
    },
  ),
  target('typed addresses', typed, (text) => {
    const address = modelAddress(text);
    if (address === undefined) return;
    expect(isFolder(address), `${address} is a folder`);
    expect(storedId(address) === address, `${address} is what it is stored under, not ${storedId(address)}`);
    expect(modelAddress(address) === address, `${address} means itself, not ${modelAddress(address)}`);
  }),
  target(
    'settings',
    fc.oneof(
      jsonLike(settings),
      hostileJson.map((value) => JSON.stringify(value)),
      fc.string(),
    ),
    (text) => {
      const parsed = parseSettings(text, shippedModel);
      const again = parseSettings(JSON.stringify(parsed), shippedModel);
      expect(JSON.stringify(again) === JSON.stringify(parsed), 'settings survive the storage');
      for (const key of Object.keys(settings)) expect(Object.hasOwn(parsed, key), `there is a ${key}`);
    },
  ),
];
