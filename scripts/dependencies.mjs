// What package-lock.json must say about the packages that Kinora is built with.

/**
 * Licences allowed for packages whose code reaches visitors: only permissive ones. The parts of an AND expression count
 * separately.
 */
const allowed = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT']);

/** Problems as sentences; empty if there are none. */
export function lockProblems({ packages }) {
  const problems = [];
  const names = new Set(Object.keys(packages).map((path) => path.split('node_modules/').at(-1)));
  for (const [path, { integrity, license, dev, link, inBundle, optionalDependencies = {} }] of Object.entries(
    packages,
  )) {
    // the project itself, and what lies inside of another package's archive
    if (path === '' || link || inBundle) continue;
    if (!/^sha512-/.test(integrity ?? '')) problems.push(`${path} has no sha512 integrity hash.`);
    // npm leaves out what the registry did not have when the file was written, and `npm ci` then refuses the file elsewhere
    const missing = Object.keys(optionalDependencies).filter((name) => !names.has(name));
    if (missing.length > 0) problems.push(`${path} has no entry for ${missing.join(', ')}.`);
    if (dev) continue;
    const licences = (license ?? 'none').replace(/[()]/g, '').split(' AND ');
    const others = licences.filter((name) => !allowed.has(name));
    if (others.length > 0) problems.push(`${path} is under ${others.join(' and ')}, which is not on the list.`);
  }
  return problems;
}
