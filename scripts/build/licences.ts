/** Which packages are in a bundle, and under which licences. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { pagePolicy } from './headers.ts';
import { licenceTexts } from './licence-texts.ts';

export interface BundledPackage {
  name: string;
  version: string;
  /** SPDX expression. */
  licence: string;
  text: string;
}

const packageSchema = z.object({ name: z.string(), version: z.string(), license: z.string() });

/** The folder of the package that a module belongs to; undefined if it belongs to none. */
export function packageFolder(moduleId: string): string | undefined {
  const file = moduleId.replace(/[?#].*$/, '').replaceAll('\\', '/');
  return /^(.*\/node_modules\/(?:@[^/]+\/)?[^/@.][^/]*)\//.exec(file)?.[1];
}

/** @throws Error if a package states no licence, or includes no text and none is known */
export function readPackage(folder: string): BundledPackage {
  const facts = packageSchema.parse(JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')));
  const { name, version, license: licence } = facts;
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)([.-]|$)/i.test(file));
  const own = files.sort().map((file) => readFileSync(path.join(folder, file), 'utf8'));
  const text = own.length > 0 ? own.join('\n') : licenceTexts.get(name);
  if (text === undefined) {
    throw new Error(
      `${name} ${version} (${licence}) brings no licence text; add it to scripts/build/licence-texts.ts.`,
    );
  }
  return { name, version, licence, text };
}

/** A page with every package's name, version and licence, Kinora itself first. */
export function licencesPage(packages: readonly BundledPackage[]): string {
  const sections = packages.map(
    ({ name, version, licence, text }) =>
      `<details><summary>${escapeHtml(name)} ${escapeHtml(version)}, ${escapeHtml(licence)}</summary><pre>${escapeHtml(text)}</pre></details>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(pagePolicy)}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" type="image/svg+xml" href="icon.svg">
<link rel="stylesheet" href="plain.css">
<title>Licences – Kinora</title>
</head>
<body>
<main>
<h1>Licences</h1>
<p>Kinora, and the software of others that it contains. Models have terms of their own.</p>
${sections.join('\n')}
<p><a href="./">Back to Kinora</a></p>
</main>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
