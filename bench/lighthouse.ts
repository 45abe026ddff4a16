/**
 * Lighthouse on the built page, as a phone and as a desktop see it:
 *
 * npm run lighthouse -- [--reports DIR]
 *
 * Builds the page and serves it as docs/hosting.md recommends: with every header, and compressed text. npx fetches
 * Lighthouse, which drives the machine's Chromium with its own default throttling. Exits with 1 if a score is below 100.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import sirv from 'sirv';
import { build } from 'vite';
import { z } from 'zod';
import { headers } from '../scripts/build/headers';
import { chromiumPath } from '../scripts/chromium.mjs';

/** The last version for Node 20. */
const lighthouse = 'lighthouse@12.8.2';
const chromeFlags = '--headless=new --no-sandbox --disable-background-networking --disable-component-update';
const views = { phone: [], desktop: ['--preset=desktop'] };

const reportSchema = z.object({
  lighthouseVersion: z.string(),
  configSettings: z.object({
    formFactor: z.string(),
    throttlingMethod: z.string(),
    throttling: z.object({ rttMs: z.number(), throughputKbps: z.number(), cpuSlowdownMultiplier: z.number() }),
    screenEmulation: z.object({ width: z.number(), height: z.number() }),
  }),
  environment: z.object({ hostUserAgent: z.string(), benchmarkIndex: z.number() }),
  categories: z.record(
    z.string(),
    z.object({ title: z.string(), score: z.number().nullable(), auditRefs: z.array(z.object({ id: z.string() })) }),
  ),
  audits: z.record(
    z.string(),
    z.object({
      title: z.string(),
      score: z.number().nullable(),
      displayValue: z.string().optional(),
    }),
  ),
});
type Report = z.infer<typeof reportSchema>;

const root = path.resolve(import.meta.dirname, '..');
const { values: options } = parseArgs({ options: { reports: { type: 'string' } } });

const folder = mkdtempSync(path.join(tmpdir(), 'kinora-lighthouse-'));
try {
  await build({ root, configFile: path.join(root, 'vite.config.ts'), logLevel: 'warn' });
  const site = path.join(folder, 'site');
  cpSync(path.join(root, 'dist'), site, { recursive: true });
  compressTexts(site);
  const server = await serve(site);
  for (const [view, flags] of Object.entries(views)) {
    const report = await inspect(server, view, flags);
    console.log(summary(view, report).join('\n'));
    if (Object.values(report.categories).some(({ score }) => score !== 1)) process.exitCode = 1;
  }
  server.close();
  server.closeAllConnections();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Hosts compress on request; sirv serves compressed files stored beside the originals. */
function compressTexts(site: string): void {
  for (const name of readdirSync(site, { recursive: true, encoding: 'utf8' })) {
    const file = path.join(site, name);
    if (/\.(html|m?js|css|json|svg|webmanifest|wasm)$/.test(name))
      writeFileSync(`${file}.gz`, gzipSync(readFileSync(file)));
  }
}

async function serve(site: string): Promise<Server> {
  const files = sirv(site, {
    gzip: true,
    setHeaders(response, file) {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      if (file.startsWith('/assets/')) response.setHeader('Cache-Control', 'public, max-age=31536000, immutable');
    },
  });
  const server = createServer((request, response) => {
    files(request, response, () => {
      response.writeHead(404).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function inspect(server: Server, view: string, flags: readonly string[]): Promise<Report> {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  const outputPath = path.join(folder, `${view}.json`);
  const args = [`http://127.0.0.1:${address.port}/`, '--quiet', '--output=json', `--output-path=${outputPath}`];
  await promisify(execFile)('npx', ['--yes', lighthouse, ...args, `--chrome-flags=${chromeFlags}`, ...flags], {
    env: { ...process.env, CHROME_PATH: chromiumPath() },
  });
  const json = readFileSync(outputPath, 'utf8');
  if (options.reports !== undefined) {
    mkdirSync(options.reports, { recursive: true });
    writeFileSync(path.join(options.reports, `${view}.json`), json);
  }
  return reportSchema.parse(JSON.parse(json));
}

/** Prints the scores, the page's timings, and what keeps a category below 100. */
function summary(
  view: string,
  { lighthouseVersion, configSettings, environment, categories, audits }: Report,
): string[] {
  const { formFactor, throttlingMethod, throttling, screenEmulation } = configSettings;
  const times = [
    'first-contentful-paint',
    'largest-contentful-paint',
    'total-blocking-time',
    'cumulative-layout-shift',
  ];
  const lost = Object.values(categories)
    .filter(({ score }) => score !== 1)
    .flatMap(({ title, auditRefs }) =>
      auditRefs
        .flatMap(({ id }) => audits[id] ?? [])
        .filter(({ score }) => score !== null && score < 1)
        .map((audit) => `  ${title}: ${audit.title}`),
    );
  return [
    `${view}: ${Object.values(categories)
      .map(({ title, score }) => `${title} ${score === null ? 'unknown' : Math.round(score * 100)}`)
      .join(', ')}`,
    `  ${times.map((id) => `${audits[id]?.title} ${audits[id]?.displayValue}`).join(', ')}`,
    `  Lighthouse ${lighthouseVersion}, ${/Chrome\/[\d.]+/.exec(environment.hostUserAgent)?.[0]}, ${formFactor} of ${screenEmulation.width}×${screenEmulation.height}; ${throttlingMethod} throttling: ${throttling.rttMs} ms, ${throttling.throughputKbps} kbit/s, CPU ÷ ${throttling.cpuSlowdownMultiplier}; benchmark index ${Math.round(environment.benchmarkIndex)}, ${cpus().length} cores`,
    ...lost,
  ];
}
