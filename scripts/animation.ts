/**
 * npx tsx scripts/animation.ts VIDEO.mp4 FILE.webp|FILE.gif [WIDTH]: an animated picture of a video, for the README.
 * Loops forever; enlarged without smoothing if WIDTH (256) is larger than the video.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, statSync } from 'node:fs';
import ffmpeg from '@ffmpeg-installer/ffmpeg';

const [video, picture, width = '256'] = process.argv.slice(2);
if (!video || !picture || !/\.(webp|gif)$/.test(picture) || !/^\d+$/.test(width)) {
  throw new Error('What to do? npx tsx scripts/animation.ts VIDEO.mp4 FILE.webp|FILE.gif [WIDTH]');
}
const scale = `scale=${width}:-2:flags=neighbor`;
// a gif has 256 colours, chosen for this video
const filters = picture.endsWith('.gif') ? `${scale},split[a][b];[a]palettegen[p];[b][p]paletteuse` : scale;
const quality = picture.endsWith('.gif') ? [] : ['-c:v', 'libwebp', '-quality', '80', '-compression_level', '6'];
// npm unpacks it without execute permission, since install scripts are off
chmodSync(ffmpeg.path, 0o755);
execFileSync(ffmpeg.path, ['-v', 'error', '-y', '-i', video, '-vf', filters, '-loop', '0', ...quality, picture]);
console.log(`${picture}: ${Math.ceil(statSync(picture).size / 1024)} KiB`);
