/** What the built pages may do, as a policy that hosts can send and that the pages carry themselves. */

/** With these headers the page is cross-origin isolated and onnxruntime's wasm provider may use threads. */
export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

const directives = {
  'default-src': "'none'",
  // WebAssembly has to be compiled; no script is ever made from text
  'script-src': "'self' 'wasm-unsafe-eval'",
  'worker-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' blob:",
  'media-src': 'blob:',
  'manifest-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'require-trusted-types-for': "'script'",
  // src/shared/trusted-types.ts
  'trusted-types': 'default',
};

function policy(more: Record<string, string>): string {
  return Object.entries({ ...directives, ...more })
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');
}

/** The documents' policy, in their HTML: a document contacts only its own host. */
export const pagePolicy = policy({ 'connect-src': "'self'" });

/**
 * The policy of every response, if the host can send headers. Workers obey the policy of their own file, not the page's, and the
 * models worker fetches the model that the visitor chose, wherever it is.
 */
const headerPolicy = policy({ 'connect-src': "'self' blob: https:", 'frame-ancestors': "'none'" });

/** The policy of the worker that knows the prompt: it contacts only its own site. */
export const generationPolicy = policy({ 'connect-src': "'self' blob:", 'frame-ancestors': "'none'" });

/** Path of that worker, in the built folder and below the address it is served from. */
export const generationWorker = 'assets/generation-';

/** Features that the page does not use: browsers then refuse them without asking the visitor. */
const unused = [
  'accelerometer',
  'camera',
  'display-capture',
  'encrypted-media',
  'geolocation',
  'gyroscope',
  'hid',
  'idle-detection',
  'local-fonts',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'publickey-credentials-get',
  'serial',
  'usb',
  'window-management',
  'xr-spatial-tracking',
];

/** Every header that a host should send. */
export const headers: Readonly<Record<string, string>> = {
  ...isolation,
  'Content-Security-Policy': headerPolicy,
  'Permissions-Policy': unused.map((feature) => `${feature}=()`).join(', '),
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * Headers for a host on the visitor's own machine: models may come from other local servers, which a public site must not reach.
 * @param pathname of the requested file
 */
export function localHeaders(pathname: string): Record<string, string> {
  const policy = pathname.includes(`/${generationWorker}`)
    ? generationPolicy
    : headerPolicy.replace(' https:', ' https: http://localhost:* http://127.0.0.1:*');
  return { ...headers, 'Content-Security-Policy': policy };
}
