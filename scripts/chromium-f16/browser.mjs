// A Chromium whose WebGPU has shader-f16, on a machine with no GPU: Debian's own, on Mesa's lavapipe instead of SwiftShader,
// which computes in float32 only. All of it lies in one folder of the user's cache; the system is not changed, and root is not
// needed.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const chromium = '/usr/lib/chromium';
const folder = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'kinora-chromium-f16');
const starter = path.join(folder, 'chromium-f16');
const stamp = path.join(folder, 'made-of.json');
const source = path.join(import.meta.dirname, 'swiftshader-id.c');

/**
 * The browser that `KINORA_CHROMIUM_F16` names, or else the one made here, which is rebuilt if Chromium or the layer has changed.
 * @returns {{ path: string } | { reason: string }} the executable, to be used like any Chromium; or why there is none
 */
export function chromiumF16() {
  const asked = process.env.KINORA_CHROMIUM_F16;
  if (asked) return { path: asked };
  const reason = obstacle();
  if (reason !== undefined) return { reason };
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === ingredients()) return { path: starter };
  try {
    make();
    return { path: starter };
  } catch (error) {
    return { reason: `it could not be made (${error.message.split('\n', 1)[0]})` };
  }
}

/** @returns {string | undefined} why it cannot be built on this machine */
function obstacle() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const isDebian12 = /^ID=debian$/m.test(release) && /^VERSION_ID="12"$/m.test(release);
  if (!isDebian12 || process.arch !== 'x64') return 'it can be made on Debian 12, x86-64, only';
  if (!existsSync(`${chromium}/chromium`)) return "it is made of Debian's Chromium, which is not installed";
  for (const tool of ['gcc', 'apt-get', 'dpkg-deb']) {
    if (spawnSync(tool, ['--version']).status !== 0) return `${tool} is missing`;
  }
}

/**
 * Downloads 25 MB from Debian's archive, and takes seconds.
 * @throws {Error} when apt-get cannot reach the archive, or gcc fails
 */
function make() {
  rmSync(folder, { recursive: true, force: true });
  const system = path.join(folder, 'system');
  download(system);
  // links to installed files, except those that Chromium looks for beside the resolved executable, where SwiftShader is
  const browser = path.join(folder, 'browser');
  mkdirSync(browser);
  const copied = ['chromium', 'icudtl.dat', 'snapshot_blob.bin', 'v8_context_snapshot.bin'];
  for (const name of readdirSync(chromium)) {
    if (name === 'libvk_swiftshader.so') continue;
    if (copied.includes(name)) cpSync(`${chromium}/${name}`, path.join(browser, name));
    else symlinkSync(`${chromium}/${name}`, path.join(browser, name));
  }
  // the Vulkan loader replaces SwiftShader, and loads the layer and lavapipe
  cpSync(`${chromium}/libvulkan.so.1`, path.join(browser, 'libvk_swiftshader.so'));

  const layer = path.join(folder, 'swiftshader-id.so');
  const include = `-I${system}/usr/include`;
  execFileSync('gcc', ['-O1', '-Wall', '-shared', '-fPIC', '-fvisibility=hidden', include, '-o', layer, source]);
  const description = {
    name: 'VK_LAYER_KINORA_swiftshader_id',
    type: 'GLOBAL',
    library_path: layer,
    api_version: '1.3.239',
    implementation_version: '1',
    description: "SwiftShader's numbers for every device",
  };
  writeFileSync(
    path.join(folder, 'swiftshader-id.json'),
    JSON.stringify({ file_format_version: '1.2.0', layer: description }),
  );
  const variables = {
    VK_LAYER_PATH: folder,
    VK_INSTANCE_LAYERS: description.name,
    VK_DRIVER_FILES: `${system}/usr/share/vulkan/icd.d/lvp_icd.json`,
    // a shader is compiled by LLVM, which takes far longer than running it
    MESA_SHADER_CACHE_DIR: path.join(folder, 'shaders'),
    LD_LIBRARY_PATH: `${system}/usr/lib/x86_64-linux-gnu`,
  };
  const assignments = Object.entries(variables).map(([name, value]) => `${name}='${value}'`);
  writeFileSync(starter, `#!/bin/sh\n${assignments.join(' ')} exec '${browser}/chromium' "$@"\n`);
  chmodSync(starter, 0o755);
  writeFileSync(stamp, ingredients());
}

/**
 * Mesa from backports, because Debian 12's own lacks what Chromium needs, and those of its dependencies that the machine lacks.
 */
function download(system) {
  const apt = path.join(folder, 'apt');
  for (const name of ['lists/partial', 'archives/partial']) mkdirSync(path.join(apt, name), { recursive: true });
  const signed = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';
  const archives = ['bookworm', 'bookworm-backports'].map((suite) => `deb ${signed} ${mirror()} ${suite} main\n`);
  writeFileSync(path.join(apt, 'sources.list'), archives.join(''));
  const settings = {
    'Dir::State::lists': `${apt}/lists`,
    'Dir::Cache': apt,
    'Dir::Etc::sourcelist': `${apt}/sources.list`,
    'Dir::Etc::sourceparts': '/dev/null',
    // nothing shared is written, so no locks are needed; and _apt, which root would switch to, may not write here
    'Debug::NoLocking': '1',
    'APT::Sandbox::User': 'root',
    'Acquire::http::Timeout': '20',
    // otherwise an unreachable archive is only a warning
    'APT::Update::Error-Mode': 'any',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const get = (command, ...args) => {
    const { status } = spawnSync('apt-get', [...options, '-qq', command, ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (status !== 0) throw new Error(`apt-get ${command} failed`);
  };
  get('update');
  const packages = ['mesa-vulkan-drivers', 'libvulkan-dev'];
  get(
    'install',
    '--yes',
    '--reinstall',
    '--download-only',
    '--no-install-recommends',
    '-t',
    'bookworm-backports',
    ...packages,
  );
  for (const name of readdirSync(`${apt}/archives`).filter((file) => file.endsWith('.deb'))) {
    execFileSync('dpkg-deb', ['--extract', `${apt}/archives/${name}`, system]);
  }
  rmSync(apt, { recursive: true });
}

/** The archive that the machine itself uses. */
function mirror() {
  const list = '/etc/apt/sources.list.d/debian.sources';
  const own = existsSync(list) && /^URIs: *(\S+)/m.exec(readFileSync(list, 'utf8'))?.[1];
  return own || 'http://deb.debian.org/debian';
}

function ingredients() {
  const { size, mtimeMs } = statSync(`${chromium}/chromium`);
  return JSON.stringify({
    size,
    mtimeMs,
    made: [source, import.meta.filename].map((file) => readFileSync(file, 'utf8')),
  });
}
