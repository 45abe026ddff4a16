/** Reads video files with other software: ffprobe and ffmpeg, from npm. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import ffmpeg from '@ffmpeg-installer/ffmpeg';
import ffprobe from '@ffprobe-installer/ffprobe';
import { z } from 'zod';

const run = promisify(execFile);

const probeSchema = z.object({
  streams: z.tuple([
    z.object({
      codec_name: z.string(),
      profile: z.string(),
      level: z.number(),
      width: z.number(),
      height: z.number(),
      pix_fmt: z.string(),
      color_range: z.string().optional(),
      color_space: z.string().optional(),
      color_transfer: z.string().optional(),
      color_primaries: z.string().optional(),
      avg_frame_rate: z.string(),
      r_frame_rate: z.string(),
      duration: z.coerce.number(),
      nb_read_frames: z.coerce.number(),
      bit_rate: z.coerce.number(),
    }),
  ]),
  format: z.object({ tags: z.object({ comment: z.string().optional() }).optional() }),
  frames: z.array(z.object({ key_frame: z.number(), pts: z.number(), duration: z.number().optional() })),
});
export type VideoFacts = z.infer<typeof probeSchema>['streams'][0] & {
  frames: z.infer<typeof probeSchema>['frames'];
  comment: string | undefined;
};

/** The only stream of a video file, and its decoded frames. */
export async function probeVideo(file: string): Promise<VideoFacts> {
  // npm unpacks them without execute permission, since install scripts are off
  chmodSync(ffprobe.path, 0o755);
  const { stdout } = await run(ffprobe.path, [
    ...['-v', 'error', '-count_frames', '-show_streams', '-show_frames', '-show_format', '-of', 'json', file],
  ]);
  const { streams, frames, format } = probeSchema.parse(JSON.parse(stdout));
  return { ...streams[0], frames, comment: format.tags?.comment };
}

/** All frames as RGB, [frames, height, width, 3]. */
export async function decodeVideo(file: string): Promise<Buffer> {
  chmodSync(ffmpeg.path, 0o755);
  const { stdout } = await run(
    ffmpeg.path,
    [
      '-v',
      'error',
      '-i',
      file,
      '-vsync',
      '0',
      '-f',
      'rawvideo',
      '-pix_fmt',
      'rgb24',
      '-sws_flags',
      'accurate_rnd',
      '-',
    ],
    { encoding: 'buffer', maxBuffer: 2 ** 30 },
  );
  return stdout;
}

/** For tests that run in the browser: both of a file that exists only there, the frames in base64. */
export async function inspectVideo(_context: unknown, base64: string): Promise<{ facts: VideoFacts; rgb: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'kinora-video-'));
  try {
    const file = path.join(folder, 'video.mp4');
    writeFileSync(file, Buffer.from(base64, 'base64'));
    return { facts: await probeVideo(file), rgb: (await decodeVideo(file)).toString('base64') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
